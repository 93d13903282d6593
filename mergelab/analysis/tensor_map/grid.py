"""The layout of a tensor in rows and columns."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod, sqrt

import numpy
import torch
from torch import Tensor

MOST = 64
"""Rows and columns of the largest window that is shown coordinate by coordinate."""


@dataclass(frozen=True)
class Window:
    """`rows` x `columns` coordinates from row `top` and column `left` on."""

    top: int
    left: int
    rows: int
    columns: int

    @property
    def single(self) -> bool:
        """Whether the window is small enough to be shown coordinate by coordinate."""
        return self.rows <= MOST and self.columns <= MOST


@dataclass(frozen=True)
class TensorGrid:
    """The rows and columns in which a tensor of `shape` is shown.

    A matrix is shown as it is. A tensor with more axes is shown as its first axis by all others, one with fewer than two as
    lines, like text: the last line may end early.
    """

    shape: tuple[int, ...]

    @property
    def folded(self) -> bool:
        """Whether a single axis was broken into lines."""
        return len(self.shape) < 2

    @property
    def count(self) -> int:
        """Entries of the tensor."""
        return prod(self.shape)

    @property
    def columns(self) -> int:
        """Columns of the grid; the length of a vector's lines is a power of two."""
        if not self.folded:
            return prod(self.shape[1:])
        return 1 << max(0, ceil(sqrt(max(1, self.count))) - 1).bit_length()

    @property
    def rows(self) -> int:
        """Rows of the grid."""
        return ceil(self.count / self.columns) if self.folded else self.shape[0]

    @property
    def whole(self) -> Window:
        """The window that covers the grid."""
        return Window(0, 0, self.rows, self.columns)

    def lay_out(self, values: Tensor, lead: int = 0) -> Tensor:
        """`values` (*lead axes, *shape), or whole rows of them, as (*lead axes, rows, columns); a last line is padded with 0."""
        before, flat = values.shape[:lead], values.reshape(*values.shape[:lead], -1)
        rest = -flat.shape[-1] % self.columns if self.columns else 0
        padded = torch.nn.functional.pad(flat, (0, rest)) if rest else flat
        return padded.reshape(*before, padded.shape[-1] // max(1, self.columns), self.columns)

    def clamp(self, window: Window) -> Window:
        """The nearest window that lies inside; at least one coordinate."""
        rows, columns = min(max(1, window.rows), self.rows), min(max(1, window.columns), self.columns)
        top, left = (
            min(max(0, at), most)
            for at, most in ((window.top, self.rows - rows), (window.left, self.columns - columns))
        )
        return Window(top, left, rows, columns)

    def index(self, place: int) -> tuple[int, ...]:
        """The index in the tensor of the entry at `place` of the flat tensor."""
        return tuple(int(each) for each in numpy.unravel_index(place, self.shape)) if self.shape else ()
