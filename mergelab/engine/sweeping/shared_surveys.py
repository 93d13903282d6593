"""Merges of many recipes over the same models, sharing the surveys that their settings do not change."""

from __future__ import annotations

import json
from dataclasses import replace

from mergelab.engine.planning.plan import Plan
from mergelab.engine.prepared_merge import PreparedMerge
from mergelab.engine.reading.stored_chunks import ChunkCache
from mergelab.engine.survey import prepare
from mergelab.recipe import Recipe
from mergelab.runtime.progress import ProgressGen

AFTER_SURVEYS = {"scale"}
"""Knobs of methods that no survey depends on."""
KEPT = 8
"""Recipes whose findings stay in memory: the values of a grid's other setting, which come round again and again."""


class SharedSurveys:
    """Prepares merges over one set of models on one device, with the bits of `prepare`. What `KEPT` recipes have found stays in memory."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._found: dict[str, PreparedMerge] = {}

    def prepare(self, plan: Plan) -> ProgressGen[PreparedMerge]:
        """The prepared merge of a plan, whose surveys run unless a recipe with the same settings has run them."""
        if plan.statistics:  # they are the recipe's own
            return (yield from prepare(plan, self._device))
        key = json.dumps(survey_settings(plan.recipe), sort_keys=True)
        if key in self._found:
            return _without_caches(with_plan(self._found[key], plan))
        prepared = yield from prepare(plan, self._device)
        if len(self._found) >= KEPT:
            del self._found[next(iter(self._found))]
        self._found[key] = _without_caches(prepared)
        return prepared


def survey_settings(recipe: Recipe) -> dict[str, object]:
    """All of a recipe that its surveys may depend on."""
    given = recipe.to_mapping()
    return {**given, "method": {name: value for name, value in given["method"].items() if name not in AFTER_SURVEYS}}


def with_plan(prepared: PreparedMerge, plan: Plan) -> PreparedMerge:
    """The findings of a merge for a plan over the same models, whose recipe differs in what no survey depends on."""
    steps = tuple(replace(step, plan=plan) for step in prepared.steps)
    return replace(prepared, plan=plan, steps=steps, method=replace(prepared.method, plan=plan))


def _without_caches(prepared: PreparedMerge) -> PreparedMerge:
    """The same merge, whose memory does not grow with what another one reads."""
    return replace(prepared, chunk_cache=ChunkCache(), delta_cache={})
