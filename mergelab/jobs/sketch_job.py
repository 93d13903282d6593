"""The job that builds or finds the sketch behind a recipe's live charts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mergelab.analysis.sketch import Sketch, build_sketch, sketch_needs
from mergelab.engine import Plan
from mergelab.jobs.recipe_plans import planned_recipe, read_recipe
from mergelab.recipe import Recipe
from mergelab.runtime.cache import SKETCHES, key_of, store
from mergelab.runtime.devices import resolve
from mergelab.runtime.progress import ProgressGen


def sketch(recipe: Mapping[str, Any], device: str = "auto", models_dir: str | None = None) -> ProgressGen[Sketch]:
    """The sketch from which a recipe's live charts are computed; cached by content."""
    where = resolve(device)
    planned = yield from planned_recipe(read_recipe(recipe, models_dir), models_dir, where)
    return (yield from recalled_sketch(planned, where))


def recalled_sketch(planned: Plan, device: str) -> ProgressGen[Sketch]:
    """The sketch of a plan from the cache, or built now."""
    key = _sketch_key(planned.recipe, planned)
    if kept := store().recall(SKETCHES, key, Sketch.decode):
        return kept
    drawn = yield from build_sketch(planned, device)
    store().put(SKETCHES, key, drawn.encode())
    return drawn


def _sketch_key(recipe: Recipe, planned: Plan) -> str:
    stage = sketch_needs(recipe).split("|")[-1]
    chosen = [json.dumps(recipe.selection.to_mapping())] if recipe.selection else []
    ordered = [f"{planned.experts[place].name}:{planned.hashes[place]}" for place in planned.listed]
    return key_of("sketch/v6", planned.base.content_hash(), *ordered, stage, *chosen)
