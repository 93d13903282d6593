"""The job that loads kernels while nobody waits, so that small models are merged by them as well."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from threading import Thread
from typing import Any

from mergelab import kernels
from mergelab.engine import Plan, merged_body, prepare
from mergelab.engine.planning import ready_kernels
from mergelab.jobs.recipe_plans import planned_recipe, read_recipe
from mergelab.methods.registry import Statistic
from mergelab.runtime.devices import resolve
from mergelab.runtime.progress import Progress, ProgressGen, finish

LOOK_EVERY = 0.05
"""Seconds after which a stop is noticed."""
_threads: dict[str, Thread] = {}


def load_kernels(recipe: Mapping[str, Any], device: str = "auto", models_dir: str | None = None) -> ProgressGen[None]:
    """Load the kernels for recipes of this kind by merging it once; where this machine has never compiled them, that is done first.

    Compiling cannot be interrupted: a thread does it, and goes on when this job is stopped.
    """
    checked, where = read_recipe(recipe, models_dir), resolve(device)
    yield Progress("Loading kernels", 0, 0)
    if where != "cpu" or not kernels.available() or checked.rule.wanting(Statistic):
        return
    kind = ready_kernels.kind_of(checked)
    if kind not in _threads:
        planned = yield from planned_recipe(checked, models_dir, where)
        _threads[kind] = Thread(target=_load, args=(planned,), name="mergelab-kernels", daemon=True)
        _threads[kind].start()
    while _threads[kind].is_alive():
        yield Progress("Loading kernels", 0, 0)
        _threads[kind].join(LOOK_EVERY)


def _load(planned: Plan) -> None:
    # Whoever merges this hears what is wrong with its models.
    with suppress(ValueError, OSError), ready_kernels.loading(planned.recipe):
        finish(merged_body(finish(prepare(planned, "cpu"))))
