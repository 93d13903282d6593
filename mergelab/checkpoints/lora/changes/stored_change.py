"""How an adapter changes one tensor of its base: replaces it, or adds a product of factors or a vector to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor

from mergelab.checkpoints.files.interface import Checkpoint, TensorSpec
from mergelab.checkpoints.files.read_range import read_range
from mergelab.checkpoints.files.shard import Shard
from mergelab.checkpoints.lora.low_rank import product


class Change(Protocol):
    """One tensor of the adapted model, read in ranges of its flat entries."""

    @property
    def spec(self) -> TensorSpec:
        """Its shape and dtype, which may differ from the base's."""

    @property
    def names(self) -> tuple[str, ...]:
        """The stored tensors that it is computed from."""

    @property
    def numbers(self) -> tuple[float, ...]:
        """The numbers that it is computed from; equal names and numbers on equal tensors mean equal changes."""

    def values(self, start: int, stop: int) -> Tensor:
        """The entries from `start` to `stop` in the spec's dtype."""

    def delta(self, start: int, stop: int) -> Tensor | None:
        """The same entries minus the base's, exact and in float32; None if the caller loses nothing by subtracting."""


class Factors(Protocol):
    """Matrices of equal shape, one below the other in the flat tensor, each of which is a product of two factors."""

    @property
    def names(self) -> tuple[str, ...]:
        """The stored tensors."""

    @property
    def numbers(self) -> tuple[float, ...]:
        """How they are used."""

    @property
    def size(self) -> int:
        """The number of entries of one matrix."""

    def pair(self, place: int) -> tuple[Tensor, Tensor]:
        """The factors (n, r) and (r, m) of the matrix at `place`."""


@dataclass(frozen=True, eq=False)
class Kept:
    """A tensor of the base as it is."""

    base: Checkpoint
    key: str
    names: tuple[str, ...] = ()
    numbers: tuple[float, ...] = (1.0, 0.0)

    @property
    def spec(self) -> TensorSpec:
        return self.base.specs[self.key]

    def values(self, start: int, stop: int) -> Tensor:
        return read_range(self.base, self.key, start, stop)

    def delta(self, start: int, stop: int) -> Tensor:
        return torch.zeros(stop - start)


@dataclass(frozen=True, eq=False)
class Replaced:
    """A tensor that is stored in full."""

    shard: Shard
    name: str
    numbers: tuple[float, ...] = (1.0, 0.0)

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def spec(self) -> TensorSpec:
        return self.shard.extents[self.name].spec

    def values(self, start: int, stop: int) -> Tensor:
        return self.shard.read_range(self.name, start, stop)

    def delta(self, start: int, stop: int) -> None:
        return None


@dataclass(frozen=True, eq=False)
class Added:
    """A tensor to which something is added; `start` is the base's tensor, or one that replaces it."""

    base: Kept
    start: Kept | Replaced
    scale: float

    @cached_property
    def spec(self) -> TensorSpec:
        wide = torch.promote_types(self.base.spec.dtype, self.start.spec.dtype)
        return TensorSpec(self.start.spec.shape, torch.promote_types(wide, torch.float32))

    def added(self, start: int, stop: int) -> Tensor:
        """The entries of what is added, in float32, each rounded once."""
        raise NotImplementedError

    def values(self, start: int, stop: int) -> Tensor:
        return self.start.values(start, stop).to(self.spec.dtype) + self.added(start, stop)

    def delta(self, start: int, stop: int) -> Tensor | None:
        if isinstance(self.start, Kept):
            return self.added(start, stop)
        if self.spec.shape != self.base.spec.shape:
            return None
        moved = self.start.values(start, stop).float() - self.base.values(start, stop).float()
        return self.added(start, stop) + moved


@dataclass(frozen=True, eq=False)
class LowRank(Added):
    """LoRA: the product of two factors is added, times a scale."""

    factors: Factors

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.start.names, *self.factors.names)

    @property
    def numbers(self) -> tuple[float, ...]:
        return (self.scale, *self.factors.numbers)

    def added(self, start: int, stop: int) -> Tensor:
        return scaled_products(self.factors, self.scale, start, stop)


@dataclass(frozen=True, eq=False)
class VectorAdded(Added):
    """A vector is added, times a scale: the bias of the upper factor."""

    shard: Shard
    vector: str

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.start.names, self.vector)

    @property
    def numbers(self) -> tuple[float, ...]:
        return self.scale, 0.0

    def added(self, start: int, stop: int) -> Tensor:
        return (self.shard.read_range(self.vector, start, stop).double() * self.scale).float()


@dataclass(frozen=True)
class StoredFactors:
    """The two factors of one layer, as PEFT stores them."""

    shard: Shard
    down: str
    up: str
    flipped: bool
    """Whether the product is transposed to (in, out), as for embeddings and Conv1D layers."""

    @property
    def names(self) -> tuple[str, ...]:
        return self.down, self.up

    @property
    def numbers(self) -> tuple[float, ...]:
        return (float(self.flipped),)

    @property
    def size(self) -> int:
        (_, *inputs), (outputs, *_) = (self.shard.extents[name].spec.shape for name in self.names)
        return torch.Size(inputs).numel() * outputs

    def pair(self, place: int) -> tuple[Tensor, Tensor]:
        down, up = self.shard.read(self.down).flatten(1), self.shard.read(self.up).flatten(1)
        return (down.T, up.T) if self.flipped else (up, down)


def scaled_products(
    factors: Factors, scale: float, start: int, stop: int, dtype: torch.dtype = torch.float32
) -> Tensor:
    """The flat entries from `start` to `stop` of the products, times `scale`, each rounded once to `dtype`."""
    found, size = torch.empty(stop - start, dtype=dtype), factors.size
    for place in range(start // size, -(-stop // size)) if stop > start else ():
        begin, end = max(start, place * size), min(stop, (place + 1) * size)
        part = product(*factors.pair(place), scale, begin - place * size, end - place * size, dtype)
        found[begin - start : end - start] = part
    return found
