"""Builds the model of a stack recipe, or checks that it can be built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mergelab.checkpoints import Checkpoint, MergedFolder
from mergelab.checkpoints.stacking.stacked_model import stacked_model
from mergelab.engine.reading.finite_check import refuse_non_finite
from mergelab.jobs.recipe_plans import open_model
from mergelab.recipe.stack_recipe import StackRecipe
from mergelab.report.stack_card import stack_card
from mergelab.runtime.progress import Progress, ProgressGen


@dataclass(frozen=True)
class StackFacts:
    """What headers and configs tell about a stack: the number of its parameters, and notes, one sentence each."""

    parameters: int
    notes: tuple[str, ...]


REMEDY = "choose a wider dtype or smaller factors, or repair the model that it comes from"


def stack_facts(recipe: Mapping[str, Any], models_dir: str | None = None) -> ProgressGen[StackFacts]:
    """Check a stack from headers and configs alone. Raises ValueError with every reason why it cannot be built."""
    checked = StackRecipe.from_mapping(recipe)
    yield Progress("Reading headers", 0, 1)
    stack = stacked_model(checked, _opened(checked, models_dir))
    return StackFacts(sum(spec.count for spec in stack.model.specs.values()), stack.notes)


def save_stack(recipe: StackRecipe, folder: Path, models_dir: str | None, shard_bytes: int) -> ProgressGen[None]:
    """Write the stack tensor by tensor, with the same files as any merged folder."""
    models = _opened(recipe, models_dir)
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


def _opened(recipe: StackRecipe, models_dir: str | None) -> dict[str, Checkpoint]:
    """The models by their names in the recipe, the base first."""
    base = open_model(recipe.base, models_dir)
    return {recipe.base: base, **{name: open_model(name, models_dir, base) for name in recipe.models[1:]}}
