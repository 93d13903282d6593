"""Factors of all experts of a mixture, which PEFT stores in two matrices for one stacked parameter."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from mergelab.checkpoints.files.shard import Shard
from mergelab.checkpoints.lora.changes.stacked_parameters import StackedPart


@dataclass(frozen=True)
class ExpertFactors:
    """The factors of one stacked parameter, cut to the part that one tensor of a file holds.

    PEFT stores the factors of all experts in two matrices. The lower one is (experts · rank, in), expert by expert; the
    upper one is (out, rank · experts), with the experts side by side for each rank.
    """

    shard: Shard
    down: str
    up: str
    experts: int
    flipped: bool
    """Whether a matrix of the parameter is (in, out)."""
    part: StackedPart

    @property
    def names(self) -> tuple[str, ...]:
        return self.down, self.up

    @property
    def numbers(self) -> tuple[float, ...]:
        part = self.part
        cuts = (number for cut in (part.rows, part.columns) for number in (cut.start, cut.stop, cut.step))
        return tuple(map(float, (self.flipped, self.experts, part.first, part.turned, *cuts)))

    @property
    def size(self) -> int:
        return len(self.part.rows) * len(self.part.columns)

    def pair(self, place: int) -> tuple[Tensor, Tensor]:
        expert = self.part.first + place
        down, up = self.shard.read(self.down), self.shard.read(self.up)
        rank = len(down) // self.experts
        down, up = down[expert * rank : (expert + 1) * rank], up[:, expert :: self.experts]
        left, right = (down.T, up.T) if self.flipped else (up, down)
        left, right = left[_slice(self.part.rows)], right[:, _slice(self.part.columns)]
        return (right.T, left.T) if self.part.turned else (left, right)


def _slice(cut: range) -> slice:
    return slice(cut.start, cut.stop, cut.step)
