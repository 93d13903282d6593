"""A small window, weight by weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from mergelab.analysis.tensor_map.grid import Window
from mergelab.analysis.tensor_map.recipe_steps import StepValues, steps_of
from mergelab.analysis.tensor_map.tensor_session import TensorSession
from mergelab.analysis.tensor_map.weight_reasons import WeightReasons, picked_with_reason, weight_reasons
from mergelab.engine import PreparedMerge, in_recipe_order

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Coordinates:
    """Every weight of a window, exactly. `base` and `merged` (rows, columns) hold weights, the merged ones rounded to `dtype`.
    Each of `steps` has `values`, and perhaps `shares`, (n_experts, rows, columns) with experts in the recipe's order, and
    perhaps `signs` (rows, columns). All float32. `reasons` tell what decides each weight, and
    `levels` (n_experts, rows, columns) from which density on a change is kept, NaN where that is unknown."""

    window: Window
    experts: tuple[str, ...]
    dtype: str
    base: Numbers
    merged: Numbers
    steps: tuple[Mapping[str, Any], ...]
    reasons: WeightReasons
    levels: Numbers


def read_coordinates(session: TensorSession, key: str, window: Window) -> Coordinates:
    """The weights of a window of one tensor; ValueError if the window is too large or lies outside."""
    prepared, grid = session.prepared, session.grid(key)
    if grid.clamp(window) != window:
        raise ValueError(
            f"{key} has {grid.rows:,} rows and {grid.columns:,} columns: {window} lies outside; choose a window inside"
        )
    if not window.single:
        raise ValueError(f"{window.rows} x {window.columns} weights are too many to show singly; zoom in")
    traced, first = session.traced(key, window.top, window.top + window.rows)

    depth, top = len(traced.chunk.shape), window.top - first

    def cut(values: Tensor) -> Tensor:
        laid_out = grid.lay_out(values, values.ndim - depth)
        return laid_out[..., top : top + window.rows, window.left : window.left + window.columns]

    inside, reason = picked_with_reason(prepared, traced, cut)  # steps are computed only inside the window
    levels = session.levels(traced, cut, inside.deltas)
    return Coordinates(
        window,
        session.experts,
        str(inside.merged.dtype).removeprefix("torch."),
        _numbers(inside.base),
        _numbers(inside.merged),
        steps=tuple(_plain(step, prepared) for step in steps_of(prepared, inside, reason)),
        reasons=weight_reasons(prepared, inside, reason),
        levels=_numbers(in_recipe_order(prepared, levels)),
    )


def _plain(step: StepValues, prepared: PreparedMerge) -> dict[str, Any]:
    per_expert = {"values": step.values, "shares": step.shares}
    arrays = {name: in_recipe_order(prepared, each) for name, each in per_expert.items() if each is not None}
    arrays |= {} if step.signs is None else {"signs": step.signs}
    return {"name": step.name, **{name: _numbers(each) for name, each in arrays.items()}}


def _numbers(values: Tensor) -> Numbers:
    return values.float().contiguous().numpy()
