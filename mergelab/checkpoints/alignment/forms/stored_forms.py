"""One parameter in two forms: whole, and as the tensors into which transformers cuts it when it stores a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mergelab.checkpoints.alignment.model_tree import parameter_names
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.interface import Checkpoint, TensorSpec

JOINT = " from "
"""Stands between a parameter and the description of its part in a place of `parameter_names`."""


@dataclass(frozen=True, eq=False)
class PartOfWhole:
    """The part of a checkpoint's whole parameter that another file stores as a tensor of its own."""

    source: Checkpoint
    key: str
    tree: Any
    parameter: str
    place: str

    @property
    def spec(self) -> TensorSpec:
        found = _parts(self.tree, self.parameter, torch.empty(self.source.specs[self.key].shape, device="meta"))
        return TensorSpec(tuple(found[self.place].shape), self.source.specs[self.key].dtype)

    def read(self) -> Tensor:
        return _parts(self.tree, self.parameter, self.source.read(self.key))[self.place].contiguous()


@dataclass(frozen=True, eq=False)
class WholeOfParts:
    """A parameter put together from the tensors in which a checkpoint stores it."""

    source: Checkpoint
    keys: Mapping[str, str]
    """Place of a part -> the file key that holds it."""
    tree: Any
    parameter: str

    @property
    def spec(self) -> TensorSpec:
        dtype = self.source.specs[next(iter(self.keys.values()))].dtype
        return TensorSpec(tuple(self.tree.get_parameter(self.parameter).shape), dtype)

    def read(self) -> Tensor:
        """The whole. Each part says which entries it holds: transformers cuts a tensor of their numbers."""
        spec = self.spec
        numbers = _parts(self.tree, self.parameter, torch.arange(spec.count).reshape(spec.shape))
        whole = torch.empty(spec.count, dtype=spec.dtype)
        for place, where in numbers.items():
            whole[where.reshape(-1)] = self.source.read(self.keys[place]).reshape(-1)
        return whole.reshape(spec.shape)


def whole_parameter(place: str) -> str | None:
    """The parameter of which this place is a part, or None if it is a whole parameter."""
    return place.partition(JOINT)[0] if JOINT in place else None


def is_rearranged(tree: Any, parameter: str) -> bool:
    """Whether transformers stores the parameter as parts that hold each of its entries once and unchanged."""
    shape = tree.get_parameter(parameter).shape
    numbers = torch.arange(shape.numel()).reshape(shape)
    parts = _parts(tree, parameter, numbers)
    held = torch.cat([part.reshape(-1) for part in parts.values()])
    return held.dtype == numbers.dtype and torch.equal(held.sort().values, numbers.reshape(-1))


def _parts(tree: Any, parameter: str, whole: Tensor) -> dict[str, Tensor]:
    """Place -> part, as transformers cuts `whole` to store it."""
    from transformers.core_model_loading import revert_weight_conversion

    stored: Mapping[str, Tensor] = revert_weight_conversion(tree, {parameter: whole})
    places = parameter_names(tree, stored)
    if len({*places.values()}) != len(stored):
        raise CheckpointError(
            f"the parts of {parameter} cannot be told apart; save both models with one version of transformers"
        )
    return {places[name]: part for name, part in stored.items()}
