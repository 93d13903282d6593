"""A small window, coordinate by coordinate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from mergelab.analysis.tensor_map.grid import Window
from mergelab.analysis.tensor_map.recipe_steps import Step, steps_of
from mergelab.analysis.tensor_map.tensor_session import TensorSession
from mergelab.engine import PreparedMerge, in_recipe_order

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Coordinates:
    """Every number of a window, exactly. `base` and `merged` (rows, columns) hold weights, merged ones as rounded to
    `dtype`; each of `steps` has `values` and perhaps `shares` (n_experts, rows, columns) and `signs` (rows, columns), experts
    in the recipe's order. All float32."""

    window: Window
    experts: tuple[str, ...]
    dtype: str
    base: Numbers
    merged: Numbers
    steps: tuple[Mapping[str, Any], ...]


def read_coordinates(desk: TensorSession, key: str, window: Window) -> Coordinates:
    """The coordinates of a window of one tensor; ValueError where it is too large or lies outside."""
    prepared, grid = desk.prepared, desk.grid(key)
    if grid.clamp(window) != window:
        raise ValueError(
            f"{key} has {grid.rows:,} rows and {grid.columns:,} columns: {window} lies outside; choose a window inside"
        )
    if not window.single:
        raise ValueError(f"{window.rows} x {window.columns} coordinates are too many to show singly; zoom in")
    traced, first = desk.traced(key, window.top, window.top + window.rows)

    depth, top = len(traced.chunk.shape), window.top - first

    def cut(values: Tensor) -> Tensor:
        laid_out = grid.lay_out(values, values.ndim - depth)
        return laid_out[..., top : top + window.rows, window.left : window.left + window.columns]

    inside = traced.picked(cut)  # steps are worked out for the window alone
    return Coordinates(
        window,
        desk.experts,
        str(inside.merged.dtype).removeprefix("torch."),
        _numbers(inside.base),
        _numbers(inside.merged),
        steps=tuple(_plain(step, prepared) for step in steps_of(prepared, inside)),
    )


def _plain(step: Step, prepared: PreparedMerge) -> dict[str, Any]:
    per_expert = {"values": step.values, "shares": step.shares}
    arrays = {name: in_recipe_order(prepared, each) for name, each in per_expert.items() if each is not None}
    arrays |= {} if step.signs is None else {"signs": step.signs}
    return {"name": step.name, **{name: _numbers(each) for name, each in arrays.items()}}


def _numbers(values: Tensor) -> Numbers:
    return values.float().contiguous().numpy()
