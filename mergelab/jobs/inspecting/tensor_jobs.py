"""The jobs of the Tensor tab: one tensor as a map, the values in a window of it, the conflicts between two experts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mergelab.analysis.tensor_map import (
    Conflicts,
    Coordinates,
    TensorMap,
    TensorSession,
    Window,
    cached_map,
    conflicts_between,
    read_coordinates,
)
from mergelab.engine import prepare
from mergelab.evaluation.answer_sheet import calibration_key
from mergelab.jobs.recipe_plans import planned_recipe, read_recipe, with_calibration
from mergelab.jobs.task_sets.own_tasks import TaskFiles
from mergelab.runtime.cache import key_of
from mergelab.runtime.devices import resolve
from mergelab.runtime.progress import ProgressGen


def tensor_map(
    recipe: Mapping[str, Any],
    key: str,
    device: str = "auto",
    models_dir: str | None = None,
    edition: int = 0,
    task_files: Sequence[str] = (),
) -> ProgressGen[TensorMap]:
    """One tensor, by the base's key, as a map of block sums with its strongest conflicts; cached by content.

    The calibration rows of the own task sets in `task_files` serve methods that need them, and count as content. Increase
    `edition` after the files of models or task sets have changed; the same applies to the other two jobs.
    """
    found = yield from _tensor_session(recipe, device, models_dir, edition, tuple(task_files))
    planned = found.session.prepared.plan
    models = planned.base.content_hash(), *planned.hashes
    content = key_of("tensor-map/v2", planned.recipe.digest(), *models, key, *found.rows)
    return (yield from cached_map(found.session, key, content))


def coordinates(
    recipe: Mapping[str, Any],
    key: str,
    window: tuple[int, int, int, int],
    device: str = "auto",
    models_dir: str | None = None,
    edition: int = 0,
    task_files: Sequence[str] = (),
) -> ProgressGen[Coordinates]:
    """The values in a window (top, left, rows, columns) of a tensor, after every step of the recipe."""
    found = yield from _tensor_session(recipe, device, models_dir, edition, tuple(task_files))
    return read_coordinates(found.session, key, Window(*window))


def pair_conflicts(
    recipe: Mapping[str, Any],
    key: str,
    pair: tuple[int, int],
    device: str = "auto",
    models_dir: str | None = None,
    edition: int = 0,
    task_files: Sequence[str] = (),
) -> ProgressGen[Conflicts]:
    """The strongest conflicts of a tensor between two experts, given by their places in the recipe."""
    found = yield from _tensor_session(recipe, device, models_dir, edition, tuple(task_files))
    return (yield from conflicts_between(found.session, key, pair))


@dataclass(frozen=True)
class _Prepared:
    """A tensor session; `rows` identify the calibration rows of own task sets that its recipe depends on, with their heads."""

    session: TensorSession
    rows: tuple[str, ...]


_SESSIONS: dict[tuple[object, ...], _Prepared] = {}
"""The most recent tensor session, kept because preparing a recipe surveys the whole model."""


def _tensor_session(
    recipe: Mapping[str, Any], device: str, models_dir: str | None, edition: int, task_files: tuple[str, ...]
) -> ProgressGen[_Prepared]:
    checked, where = read_recipe(recipe, models_dir), resolve(device)
    asked = checked.digest(), where, models_dir, edition, task_files
    if asked not in _SESSIONS:
        _SESSIONS.clear()
        own = TaskFiles.of(task_files, checked, models_dir=models_dir)
        planned = yield from planned_recipe(checked, models_dir, where, own)
        tasks = own.task_sets(planned.base, planned.experts)
        planned = yield from with_calibration(planned, where, tasks)
        rows = tuple(calibration_key(task) for task in tasks if planned.statistics and "calibration" in task.splits())
        _SESSIONS[asked] = _Prepared(TensorSession((yield from prepare(planned, where))), rows)
    return _SESSIONS[asked]
