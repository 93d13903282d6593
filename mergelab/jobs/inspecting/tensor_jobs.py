"""The jobs of the Tensor tab: one tensor as a map, and the values in a window of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mergelab.analysis.tensor_map import Coordinates, TensorMap, TensorSession, Window, cached_map, read_coordinates
from mergelab.engine import prepare
from mergelab.jobs.recipe_plans import planned_recipe, read_recipe, with_calibration
from mergelab.runtime.cache import key_of
from mergelab.runtime.devices import resolve
from mergelab.runtime.progress import ProgressGen


def tensor_map(
    recipe: Mapping[str, Any], key: str, device: str = "auto", models_dir: str | None = None, edition: int = 0
) -> ProgressGen[TensorMap]:
    """One tensor, by the base's key, as a map of block sums with its strongest conflicts; cached by content.

    Increase `edition` after the models' files have changed; the same applies to `coordinates`.
    """
    session = yield from _tensor_session(recipe, device, models_dir, edition)
    planned = session.prepared.plan
    content = key_of("tensor-map/v2", planned.recipe.digest(), planned.base.content_hash(), *planned.hashes, key)
    return (yield from cached_map(session, key, content))


def coordinates(
    recipe: Mapping[str, Any],
    key: str,
    window: tuple[int, int, int, int],
    device: str = "auto",
    models_dir: str | None = None,
    edition: int = 0,
) -> ProgressGen[Coordinates]:
    """The values in a window (top, left, rows, columns) of a tensor, after every step of the recipe."""
    session = yield from _tensor_session(recipe, device, models_dir, edition)
    return read_coordinates(session, key, Window(*window))


_SESSIONS: dict[tuple[object, ...], TensorSession] = {}
"""The most recent tensor session, kept because preparing a recipe surveys the whole model."""


def _tensor_session(
    recipe: Mapping[str, Any], device: str, models_dir: str | None, edition: int
) -> ProgressGen[TensorSession]:
    checked, where = read_recipe(recipe, models_dir), resolve(device)
    asked = checked.digest(), where, models_dir, edition
    if asked not in _SESSIONS:
        _SESSIONS.clear()
        planned = yield from with_calibration((yield from planned_recipe(checked, models_dir, where)), where)
        _SESSIONS[asked] = TensorSession((yield from prepare(planned, where)))
    return _SESSIONS[asked]
