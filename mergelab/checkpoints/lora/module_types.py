"""Finds the module type of each tensor from the model's config, without loading weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from mergelab.checkpoints.alignment.key_alignment import align
from mergelab.checkpoints.alignment.model_tree import model_tree
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.interface import Checkpoint

LINEAR, CONV1D, EMBEDDING, CONVOLUTION = "Linear", "Conv1D", "Embedding", "Conv"
FACTORED = (LINEAR, CONV1D, EMBEDDING, CONVOLUTION)
"""Module types whose weight delta can be a product of two factors."""


@dataclass(frozen=True)
class ModulePlace:
    """The place of a tensor in the model that transformers builds: parameter `name` of `module`.

    `kind` is one of `FACTORED`, or the module's class name.
    """

    module: str
    kind: str
    name: str

    @property
    def parameter(self) -> str:
        """The tensor's full parameter name in transformers."""
        return f"{self.module}.{self.name}" if self.module else self.name


def places(base: Checkpoint) -> dict[str, ModulePlace]:
    """File key of `base` -> its place, for every tensor that has a single place and keeps its shape on loading.

    transformers renames some tensors on loading (attention of ViT and DINOv2) and stacks others (mixture of experts);
    stacked ones have no single place and are omitted. Raises `CheckpointError` if transformers does not know the model.
    """
    return places_in(module_tree(base), base)


def places_in(model: Any, base: Checkpoint) -> dict[str, ModulePlace]:
    """The same for a `model` that was built already. A file may also have the names that transformers has in memory."""
    found, current = {}, {}
    for parameter, tensor in model.state_dict().items():
        module, _, name = parameter.rpartition(".")
        stored = _stored_names(model, parameter, tensor)
        if len(stored) == 1:
            place = ModulePlace(module, _kind(model.get_submodule(module)), name)
            found[stored[0]] = current[parameter] = place
    placed = {key: found[twin] for key, twin in align(base.specs, found).keys.items()}
    rest = base.specs.keys() - placed.keys()
    return placed | {key: current[key] for key in rest & current.keys() if current[key] not in placed.values()}


def current_names(model: Any, names: Iterable[str]) -> dict[str, str]:
    """Name -> the name of that tensor in `model`, for names of this or an earlier version of transformers."""
    from transformers.conversion_mapping import get_model_conversion_mapping
    from transformers.core_model_loading import WeightRenaming, rename_source_key

    renamings = [step for step in get_model_conversion_mapping(model) if isinstance(step, WeightRenaming)]
    return {name: rename_source_key(name, renamings, [])[0] for name in names}


def head_name(model: Any) -> str | None:
    """The name of the weight of the output head of `model`, or None if it has none."""
    head = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
    named = (f"{name}.weight" for name, module in model.named_modules() if module is head)
    return next(named, None) if head is not None else None


def module_tree(base: Checkpoint) -> Any:
    """The model of `base` without weights. Raises `CheckpointError` if transformers builds none from its config."""
    kind = base.config.get("model_type")
    if kind is None:
        raise CheckpointError(
            f"{base.name} has no model_type in its config, so that it is not known which of its tensors are linear layers; "
            "adapters need a model of transformers"
        )
    tree = model_tree(base)
    if tree is None:
        told = f"{base.name} has model_type {kind!r}, which this version of transformers does not know"
        raise CheckpointError(f"{told}, or of whose config it builds no model")
    return tree


def _kind(module: nn.Module) -> str:
    from transformers.pytorch_utils import Conv1D

    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        return CONVOLUTION if module.groups == 1 else "a grouped convolution"
    if isinstance(module, Conv1D):
        return CONV1D
    if type(module) is nn.Embedding:  # a subclass may compute more than a row lookup
        return EMBEDDING
    return LINEAR if isinstance(module, nn.Linear) else type(module).__name__


def _stored_names(model: Any, parameter: str, tensor: torch.Tensor) -> list[str]:
    """The names under which transformers stores one tensor of `model`; empty if it is stored in another shape."""
    from transformers.core_model_loading import revert_weight_conversion

    stored: Mapping[str, torch.Tensor] = revert_weight_conversion(model, {parameter: tensor})
    return [name for name, value in stored.items() if value.shape == tensor.shape]
