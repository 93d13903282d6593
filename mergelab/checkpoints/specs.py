"""What a checkpoint is: named tensors with known shapes and dtypes, read one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from mergelab.checkpoints.errors import CheckpointError
from mergelab.checkpoints.identity import hash_state


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
        """Bytes that the tensor takes in a file."""
        return self.count * self.dtype.itemsize


class Checkpoint(Protocol):
    """A base or an expert: `specs` is known at once, a tensor is read when asked for."""

    @property
    def name(self) -> str:
        """What the person called it: a path, a Hub id, `suite/expert`, or the name given in memory."""

    @property
    def folder(self) -> Path | None:
        """Where its config and tokenizer files are; None for a state dict in memory."""

    @property
    def config(self) -> Mapping[str, Any]:
        """The parsed config.json; empty when there is none."""

    @property
    def specs(self) -> Mapping[str, TensorSpec]:
        """Spec of every stored tensor, by file key, sorted."""

    def read(self, key: str) -> Tensor:
        """The tensor of `key` in its stored dtype, on the CPU. Raises `CheckpointError` for an unknown key."""

    def content_hash(self) -> str:
        """sha256 hex over sorted (key, dtype, shape, bytes): equal for equal tensors, wherever they are stored."""


@dataclass(frozen=True, eq=False)
class StateDict:
    """A checkpoint whose tensors are already in memory."""

    name: str
    tensors: Mapping[str, Tensor]
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path | None:
        return None

    @cached_property
    def specs(self) -> Mapping[str, TensorSpec]:
        return {key: TensorSpec(tuple(value.shape), value.dtype) for key, value in sorted(self.tensors.items())}

    def read(self, key: str) -> Tensor:
        if key not in self.tensors:
            raise CheckpointError(f"{self.name} has no tensor {key!r}")
        return self.tensors[key].detach().cpu()

    def content_hash(self) -> str:
        return hash_state(self.tensors)


def in_memory(name: str, state_dict: Mapping[str, Tensor], config: Mapping[str, Any] | None = None) -> StateDict:
    """A checkpoint over `state_dict`; the tensors are not copied, so do not change them while it is in use."""
    for key, value in state_dict.items():
        if not isinstance(value, Tensor):
            raise CheckpointError(f"{key!r} of {name} is a {type(value).__name__}, but a state dict holds tensors only")
    return StateDict(name, dict(state_dict), dict(config or {}))
