"""Builds the map of a tensor in one pass, band by band."""

from __future__ import annotations

import io
from dataclasses import dataclass, fields
from typing import Any

import numpy
import torch
from numpy.typing import NDArray

from mergelab.analysis.tensor_map.block_sums import Pyramid, block_sums, side_of
from mergelab.analysis.tensor_map.grid import TensorGrid
from mergelab.analysis.tensor_map.strongest_conflicts import Conflicts, Strongest
from mergelab.analysis.tensor_map.tensor_session import TensorSession
from mergelab.engine import Trace
from mergelab.runtime.progress import Progress, ProgressGen

BAND = 1 << 20
"""Entries per band."""


@dataclass(frozen=True)
class TensorMap:
    """One tensor under one recipe: `experts` in the recipe's order, its block sums and its strongest conflicts."""

    key: str
    shape: tuple[int, ...]
    experts: tuple[str, ...]
    pyramid: Pyramid
    conflicts: Conflicts

    @property
    def grid(self) -> TensorGrid:
        """The layout of the tensor."""
        return TensorGrid(self.shape)

    def encode(self) -> bytes:
        """The map as an .npz archive."""
        buffer = io.BytesIO()
        found = {f"conflicts/{field.name}": getattr(self.conflicts, field.name) for field in fields(self.conflicts)}
        numpy.savez(
            buffer,
            allow_pickle=False,
            key=numpy.array(self.key),
            shape=numpy.array(self.shape, dtype=numpy.int64),
            experts=numpy.array(self.experts),
            side=numpy.array(self.pyramid.side),
            **self.pyramid.fields,
            **found,
        )
        return buffer.getvalue()

    @classmethod
    def decode(cls, content: bytes) -> TensorMap:
        """The map that `encode` gave."""
        with numpy.load(io.BytesIO(content), allow_pickle=False) as stored:
            parts = {name: stored[name] for name in stored}
        conflicts = {name.removeprefix("conflicts/"): parts.pop(name) for name in list(parts) if "/" in name}
        conflicts["total"] = int(conflicts["total"])
        key, shape, experts, side = (parts.pop(name) for name in ("key", "shape", "experts", "side"))
        return cls(
            str(key), tuple(shape.tolist()), tuple(map(str, experts)), Pyramid(int(side), parts), Conflicts(**conflicts)
        )


def build_map(session: TensorSession, key: str) -> ProgressGen[TensorMap]:
    """The map of a merged tensor; ValueError if the tensor is not merged or is empty."""
    grid = session.grid(key)
    if not grid.count:
        raise ValueError(f"{key} has no entries: choose another tensor")
    side, found, strongest = side_of(grid), [], Strongest(session, key)
    bands = bands_of(session, key)
    for number, (top, bottom) in enumerate(bands):
        yield Progress("Building the map", number, len(bands), key, "bands")
        traced, _ = session.traced(key, top, bottom)
        strongest.update(traced)
        found.append(_sums(grid, traced, side))
    conflicts = yield from strongest.conflicts()
    return TensorMap(
        key,
        grid.shape,
        session.experts,
        Pyramid(side, {name: numpy.concatenate([each[name] for each in found]) for name in found[0]}),
        conflicts,
    )


def bands_of(session: TensorSession, key: str) -> list[tuple[int, int]]:
    """The first and the last row of each band in which a tensor is read: whole blocks, or the whole tensor if it cannot be
    read in parts. ValueError if the tensor is not merged."""
    grid = session.grid(key)
    if not session.in_parts(key):
        return [(0, grid.rows)]
    side = side_of(grid)
    height = max(1, BAND // max(1, grid.columns) // side) * side
    return [(top, min(top + height, grid.rows)) for top in range(0, grid.rows, height)]


def _sums(grid: TensorGrid, traced: Trace, side: int) -> dict[str, NDArray[Any]]:
    present = grid.lay_out(torch.ones_like(traced.base))
    return block_sums(grid.lay_out(traced.kept, 1), grid.lay_out(traced.change), present, side)
