"""Builds the model of a stack recipe in a new folder."""

from __future__ import annotations

from pathlib import Path

from mergelab.checkpoints import MergedFolder
from mergelab.checkpoints.stacking.stacked_model import stacked_model
from mergelab.engine.reading.finite_check import refuse_non_finite
from mergelab.jobs.recipe_plans import open_model
from mergelab.recipe.stack_recipe import StackRecipe
from mergelab.report.stack_card import stack_card
from mergelab.runtime.progress import Progress, ProgressGen

REMEDY = "choose a wider dtype or smaller factors, or repair the model that it comes from"


def save_stack(recipe: StackRecipe, folder: Path, models_dir: str | None, shard_bytes: int) -> ProgressGen[None]:
    """Write the stack tensor by tensor, with the same files as any merged folder."""
    base = open_model(recipe.base, models_dir)
    others = {name: open_model(name, models_dir, base) for name in recipe.models[1:]}
    models = {recipe.base: base, **others}
    stack = stacked_model(recipe, models)
    keys, computes = stack.model.specs, recipe.dtype != "base" or any(part.scale for part in recipe.slices)
    with MergedFolder(folder, stack.model, keys, shard_bytes=shard_bytes) as writer:
        for number, key in enumerate(keys, 1):
            tensor = stack.model.read(key)
            if computes:
                refuse_non_finite(tensor, key, "the stack", REMEDY)
            writer.write(key, tensor)
            yield Progress("Stacking to disk", number, len(keys), key)
        writer.add_fact("notes", list(stack.notes))
        writer.add_text("recipe.yml", recipe.to_yaml())
        writer.add_text("README.md", stack_card(recipe, models, stack))
