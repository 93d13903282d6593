"""The job that builds or finds the sketch behind a recipe's live charts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mergelab.analysis.sketch import Sketch, build_sketch, sketch_needs
from mergelab.engine import Plan
from mergelab.jobs.merging.merge_steps import READING
from mergelab.jobs.model_hashes import model_hashes
from mergelab.jobs.recipe_plans import planned_recipe, read_recipe
from mergelab.recipe import Recipe
from mergelab.runtime.cache import SKETCHES, key_of, store
from mergelab.runtime.devices import resolve
from mergelab.runtime.job_steps import JobStep, JobSteps
from mergelab.runtime.progress import ProgressGen

MEASURING = JobStep("ranking changes", 5)
"""Two passes: magnitudes are ranked, then summed up by rank, which by estimate takes several times as long as
reading and hashing."""


def sketch(recipe: Mapping[str, Any], device: str = "auto", models_dir: str | None = None) -> ProgressGen[Sketch]:
    """The sketch from which a recipe's live charts are computed; cached by content."""
    where, steps = resolve(device), JobSteps(READING, MEASURING)
    checked = read_recipe(recipe, models_dir)
    planned = yield from steps.take(READING, _read(checked, models_dir, where), stages=2)
    return (yield from steps.take(MEASURING, recalled_sketch(planned, where), stages=2))


def _read(recipe: Recipe, models_dir: str | None, device: str) -> ProgressGen[Plan]:
    """The plan of a recipe, whose models are then hashed: the sketch's key needs that."""
    planned = yield from planned_recipe(recipe, models_dir, device)
    yield from model_hashes([planned.base, *planned.experts])
    return planned


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
