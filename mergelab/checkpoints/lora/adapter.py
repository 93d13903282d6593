"""Opens a LoRA adapter as an expert: the base's tensors plus the adapter's changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mergelab.checkpoints.files.content_hash import hash_tensor
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.interface import Checkpoint, TensorSpec, same_content
from mergelab.checkpoints.files.read_range import read_range
from mergelab.checkpoints.files.safe_paths import safe_json
from mergelab.checkpoints.files.shard import Shard, open_shard
from mergelab.checkpoints.lora.adapted_config import adapted_config
from mergelab.checkpoints.lora.adapter_config import CONFIG, LoraSettings, read_settings
from mergelab.checkpoints.lora.adapter_remarks import adapter_remarks
from mergelab.checkpoints.lora.assignment import Assigned, assign
from mergelab.checkpoints.lora.changes.stored_change import Change
from mergelab.checkpoints.lora.stored.adapter_file import AdapterFile
from mergelab.runtime.hashing import hash_pairs

WEIGHTS = "adapter_model.safetensors"


@dataclass(frozen=True, eq=False)
class AdapterCheckpoint:
    """An adapter with its base. Its tensors have the base's file keys; changed tensors are read as float32."""

    name: str
    folder: Path
    base: Checkpoint
    settings: LoraSettings
    shard: Shard
    assigned: Assigned

    @property
    def remarks(self) -> tuple[str, ...]:
        return tuple(adapter_remarks(self.name, self.settings, self.assigned, self.folder))

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The config of the adapted model."""
        return adapted_config(self.assigned)

    @property
    def changes(self) -> Mapping[str, Change]:
        """The changes by the base's file key or, for tensors that the base lacks (a head), by the adapter's own name."""
        return self.assigned.changes

    @cached_property
    def specs(self) -> Mapping[str, TensorSpec]:
        keys = sorted({*self.base.specs, *self.changes})
        return {key: self.changes[key].spec if key in self.changes else self.base.specs[key] for key in keys}

    def read(self, key: str) -> Tensor:
        return self.read_range(key, 0, self.specs[key].count).reshape(self.specs[key].shape)

    def read_range(self, key: str, start: int, stop: int) -> Tensor:
        """The flat entries from `start` to `stop` of a tensor, without computing the rest."""
        change = self.changes.get(key)
        return read_range(self.base, key, start, stop) if change is None else change.values(start, stop)

    def read_delta(self, key: str, base: Checkpoint, start: int = 0, stop: int | None = None) -> Tensor | None:
        if key not in base.specs or not same_content(base, self.base):
            return None
        shape, end = base.specs[key].shape, base.specs[key].count if stop is None else stop
        change = self.changes.get(key)
        delta = torch.zeros(end - start) if change is None else change.delta(start, end)
        return delta if delta is None or stop is not None else delta.reshape(shape)

    def content_hash(self) -> str:
        pairs = [("base", self.base.content_hash())]
        stored = {name for change in self.changes.values() for name in change.names}
        hashes = {name: hash_tensor(self.shard.read(name)) for name in stored}
        for key, change in self.changes.items():
            pairs += [(f"{key} {name}", hashes[name]) for name in change.names]
            pairs.append((f"{key} scale", hash_tensor(torch.tensor(change.numbers).double())))
        return hash_pairs(pairs)


def adapter_settings(folder: Path) -> LoraSettings:
    """The settings in adapter_config.json of `folder`. Raises `CheckpointError` for what cannot be read exactly."""
    config = safe_json(folder, CONFIG, limit=4 * 2**20)
    if config is None:
        raise CheckpointError(f"{folder} has no {CONFIG}; an adapter's folder has one next to {WEIGHTS}")
    return read_settings(str(folder / CONFIG), config)


def open_adapter(folder: Path, base: Checkpoint, name: str | None = None) -> AdapterCheckpoint:
    """Open the adapter in `folder` with its `base`, reading only headers.

    Its names are matched to the base's file keys unchanged, with or without a wrapper's prefix, or as renamed by
    transformers. Where PEFT's own merge of a tied embedding differs from the model that was trained, the trained model
    is what is read. Raises `CheckpointError` for features that cannot be read exactly, for tensors that the base lacks and
    for shapes that differ.
    """
    settings = adapter_settings(folder)
    shard = open_shard(folder, WEIGHTS)
    if shard is None:
        raise CheckpointError(
            f"{folder} has no {WEIGHTS}; if you trust its pickled weights: mergelab convert {folder} --out DIR"
        )
    assigned = assign(AdapterFile(settings, shard), base)
    return AdapterCheckpoint(name or str(folder), folder, base, settings, shard, assigned)
