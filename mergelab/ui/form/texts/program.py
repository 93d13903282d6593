"""A recipe as a complete Python program."""

from __future__ import annotations

import pprint
from typing import Any

from mergelab.recipe import Recipe
from mergelab.recipe.stack_recipe import StackRecipe
from mergelab.ui.form.method_list import calibrated

WIDTH = 88
IN_MEMORY = """\
from mergelab import merge_state_dicts
from mergelab.checkpoints import open_checkpoint

recipe = {recipe}
base = open_checkpoint(recipe["base"])
experts = {{
    expert["model"]: open_checkpoint(expert["model"], base=base)
    for expert in recipe["models"]
}}


def weights(model):
    return {{key: model.read(key) for key in model.specs}}


merged = merge_state_dicts(
    recipe,
    models={{name: weights(expert) for name, expert in experts.items()}},
    base=weights(base),
)
"""
TO_A_FOLDER = """\
from mergelab.runtime.progress import finish
from mergelab.jobs.workbench import save

recipe = {recipe}
finish(save(recipe, "merged"))  # {remark}
"""
OF_CALIBRATED = "takes calibration examples of the suite, writes the folder merged"
OF_STACK = "copies the layers, writes the folder merged"


def program_of(recipe: Recipe | StackRecipe) -> str:
    """A program that merges in memory, or writes a folder as `mergelab merge` does: for a stack, and if the method needs
    calibration examples."""
    written = _literal(recipe.to_mapping())
    if isinstance(recipe, StackRecipe):
        return TO_A_FOLDER.format(recipe=written, remark=OF_STACK)
    template = TO_A_FOLDER if calibrated(recipe.rule) else IN_MEMORY
    return template.format(recipe=written, remark=OF_CALIBRATED)


def _literal(mapping: dict[str, Any]) -> str:
    margin = " " * len("recipe = ")
    return pprint.pformat(mapping, width=WIDTH - len(margin), sort_dicts=False).replace("\n", f"\n{margin}")
