"""The checkpoint interface: named tensors with known shapes and dtypes, read one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from mergelab.checkpoints.files.content_hash import hash_state
from mergelab.checkpoints.files.errors import CheckpointError


@dataclass(frozen=True)
class TensorSpec:
    """Shape and dtype of one stored tensor."""

    shape: tuple[int, ...]
    dtype: torch.dtype

    @property
    def count(self) -> int:
        """Number of elements; a scalar has one."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Size of the tensor in a file, in bytes."""
        return self.count * self.dtype.itemsize


class Checkpoint(Protocol):
    """A base or an expert. `specs` is available at once; tensors are read on demand."""

    @property
    def name(self) -> str:
        """The name that the user gave: a path, a Hub id, `suite/expert`, or the name of a state dict in memory."""

    @property
    def folder(self) -> Path | None:
        """The folder of its config and tokenizer files; None for a state dict in memory."""

    @property
    def config(self) -> Mapping[str, Any]:
        """The parsed config.json; empty if there is none."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences for the user about how its weights are stored; none for plain weights."""

    @property
    def specs(self) -> Mapping[str, TensorSpec]:
        """The spec of every readable tensor, by file key, sorted."""

    def read(self, key: str) -> Tensor:
        """The tensor `key` in its spec's dtype, on the CPU. Raises `CheckpointError` for an unknown key."""

    def read_delta(self, key: str, base: Checkpoint, start: int = 0, stop: int | None = None) -> Tensor | None:
        """The stored delta of the tensor `key` (its own file key) from `base`: float32, on the CPU.

        With `stop`, only the flat entries from `start` to `stop`. The stored delta is exact, whereas `read(key)` minus
        the base's tensor may lose bits: an adapter's small products are rounded when the base is added. None if the
        tensor is not stored as a delta of this base (compared by content); the caller then subtracts.
        """

    def content_hash(self) -> str:
        """BLAKE3 over sorted (key, dtype, shape, bytes) in hex: equal for equal tensors, wherever they are stored.

        An adapter's hash covers its stored tensors and its base's hash, because its products may round differently on
        other machines.
        """


_hashes: WeakKeyDictionary[Checkpoint, str] = WeakKeyDictionary()


def same_content(first: Checkpoint, second: Checkpoint) -> bool:
    """Whether two checkpoints hold the same tensors; each object is hashed at most once."""
    if first is second:
        return True
    for checkpoint in (first, second):
        if checkpoint not in _hashes:
            _hashes[checkpoint] = checkpoint.content_hash()
    return _hashes[first] == _hashes[second]


@dataclass(frozen=True, eq=False)
class StateDict:
    """A checkpoint with its tensors in memory; `folder` may hold its tokenizer."""

    name: str
    tensors: Mapping[str, Tensor]
    config: Mapping[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    remarks: tuple[str, ...] = ()

    @cached_property
    def specs(self) -> Mapping[str, TensorSpec]:
        return {key: TensorSpec(tuple(value.shape), value.dtype) for key, value in sorted(self.tensors.items())}

    def read(self, key: str) -> Tensor:
        if key not in self.tensors:
            raise CheckpointError(f"{self.name} has no tensor {key!r}")
        return self.tensors[key].detach().cpu()

    def read_delta(self, key: str, base: Checkpoint, start: int = 0, stop: int | None = None) -> None:
        return None

    def content_hash(self) -> str:
        return hash_state(self.tensors)


def in_memory(name: str, state_dict: Mapping[str, Tensor], config: Mapping[str, Any] | None = None) -> StateDict:
    """A checkpoint backed by `state_dict`. The tensors are not copied: do not change them while it is in use."""
    for key, value in state_dict.items():
        if not isinstance(value, Tensor):
            raise CheckpointError(f"{key!r} of {name} is a {type(value).__name__}, but a state dict holds only tensors")
    return StateDict(name, dict(state_dict), dict(config or {}))
