"""Sums over square blocks of a tensor at every resolution, from which a map is painted. Reading them needs only numpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from mergelab.analysis.tensor_map.grid import TensorGrid, Window

COUNTS = ("entries", "active", "overlapping", "conflicting")
SUMS = ("gross", "net", "change")
FIELDS = (*COUNTS, *SUMS)
MOST_BLOCKS = 1 << 20
"""Maximum blocks of the finest level: 28 MB of sums."""
Fields = Mapping[str, NDArray[Any]]


def side_of(grid: TensorGrid) -> int:
    """Rows and columns of a block: the smallest power of two that keeps their number within `MOST_BLOCKS`."""
    side = 1
    while -(-grid.rows // side) * -(-grid.columns // side) > MOST_BLOCKS:
        side *= 2
    return side


def block_sums(kept: Tensor, change: Tensor, present: Tensor, side: int) -> dict[str, NDArray[Any]]:
    """The sums of blocks of `side` x `side` entries; those at the far edges may be smaller.

    `kept` (n_models, rows, columns) are the deltas that take part, `change` (rows, columns) the merged delta, `present`
    tells which cells of the grid hold an entry. Counts, uint32: `entries`; `active`, kept by any model; `overlapping`, kept
    by two or more; `conflicting`, kept with opposite signs. Sums, float32: `gross` of all kept magnitudes, `net` of the
    magnitudes of the kept deltas' sums, `change` of the merged delta's magnitudes.
    """
    positive, negative = (kept > 0).sum(0, dtype=torch.uint8), (kept < 0).sum(0, dtype=torch.uint8)
    takers = positive + negative
    counted = {
        "entries": present,
        "active": takers > 0,
        "overlapping": takers > 1,
        "conflicting": (positive > 0) & (negative > 0),
    }
    summed = {"gross": kept.abs().sum(0), "net": kept.sum(0).abs(), "change": change.abs()}
    return {
        **{
            name: _blocks(each.float(), side).to(torch.int32).numpy().astype(numpy.uint32)
            for name, each in counted.items()
        },
        **{name: _blocks(each, side).numpy() for name, each in summed.items()},
    }


def _blocks(values: Tensor, side: int) -> Tensor:
    """(rows, columns) float32 summed over blocks."""
    if side == 1:
        return values
    rows, columns = values.shape
    padded = torch.nn.functional.pad(values, (0, -columns % side, 0, -rows % side))
    # Add whole rows first, which reads memory in order.
    narrow = padded.reshape(padded.shape[0] // side, side, padded.shape[1]).sum(1)
    return narrow.reshape(len(narrow), padded.shape[1] // side, side).sum(2)


@dataclass(frozen=True)
class Cells:
    """A window's sums: cell (i, j) covers `height` x `width` coordinates from row top + i · height and column
    left + j · width on. Cells at the window's edges reach beyond it."""

    top: int
    left: int
    height: int
    width: int
    fields: Fields

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of cells."""
        rows, columns = self.fields["entries"].shape
        return int(rows), int(columns)


@dataclass(frozen=True)
class Pyramid:
    """Block sums of one tensor; `fields` are the finest ones, whose blocks are `side` x `side`."""

    side: int
    fields: Fields

    @cached_property
    def levels(self) -> tuple[Fields, ...]:
        """From fine to coarse, each with blocks of twice the side, down to a single block."""
        levels = [self.fields]
        while max(levels[-1]["entries"].shape) > 1:
            levels.append({name: _halved(values) for name, values in levels[-1].items()})
        return tuple(levels)

    def cells(self, window: Window, most_rows: int, most_columns: int) -> Cells:
        """The finest cells of a window that fit within these limits (one more if the window does not start at a cell)."""
        height, width = self._size(window.rows, most_rows), self._size(window.columns, most_columns)
        level = min(height, width).bit_length() - 1
        down, across = (
            height >> level,
            width >> level,
        )  # the coarser axis is summed here: there is no level for each pair
        top, bottom = (
            window.top // (self.side * height) * down,
            -(-(window.top + window.rows) // (self.side * height)) * down,
        )
        left, right = (
            window.left // (self.side * width) * across,
            -(-(window.left + window.columns) // (self.side * width)) * across,
        )
        found = {
            name: _summed(values[top:bottom, left:right], down, across) for name, values in self.levels[level].items()
        }
        size = self.side << level
        return Cells(top * size, left * size, height * self.side, width * self.side, found)

    def _size(self, length: int, most: int) -> int:
        """Blocks along one side of a cell, a power of two."""
        size = 1
        while size * self.side * most < length:
            size *= 2
        return min(size, 1 << (len(self.levels) - 1))


def _halved(values: NDArray[Any]) -> NDArray[Any]:
    return _summed(values, 2, 2)


def _summed(values: NDArray[Any], down: int, across: int) -> NDArray[Any]:
    """Sums of `down` x `across` neighbours; fewer at the far edges."""
    if down == across == 1:
        return values
    rows, columns = values.shape
    whole = (
        values
        if not (rows % down or columns % across)
        else numpy.pad(values, ((0, -rows % down), (0, -columns % across)))
    )
    narrow = whole.reshape(len(whole) // down, down, whole.shape[1]).sum(1, dtype=values.dtype)
    summed: NDArray[Any] = narrow.reshape(len(narrow), whole.shape[1] // across, across).sum(2, dtype=values.dtype)
    return summed
