"""Opens a LoRA adapter as an expert: the base's tensors plus the adapter's changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mergelab.checkpoints.alignment.key_alignment import is_head
from mergelab.checkpoints.alignment.phrases import counted
from mergelab.checkpoints.alignment.tensor_location import address
from mergelab.checkpoints.files.content_hash import hash_tensor
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.interface import Checkpoint, TensorSpec, same_content
from mergelab.checkpoints.files.read_range import read_range
from mergelab.checkpoints.files.safe_paths import safe_json
from mergelab.checkpoints.files.shard import Shard, open_shard
from mergelab.checkpoints.lora.adapter_config import LoraSettings, read_settings
from mergelab.checkpoints.lora.assignment import assign
from mergelab.checkpoints.lora.changes.stored_change import Change, Kept, Replaced
from mergelab.checkpoints.lora.changes.weight_changes import predicts_tokens
from mergelab.checkpoints.lora.stored.adapter_file import AdapterFile
from mergelab.runtime.hashing import hash_pairs

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
LABELS = ("id2label", "label2id")


@dataclass(frozen=True, eq=False)
class AdapterCheckpoint:
    """An adapter with its base. Its tensors have the base's file keys; changed tensors are read as float32."""

    name: str
    folder: Path
    base: Checkpoint
    settings: LoraSettings
    shard: Shard
    changes: Mapping[str, Change]
    """The changes by the base's file key or, for modules that the base lacks (a head), by the adapter's own name."""
    head: str = ""
    """The key of the output head if the base has one tensor for it and its embedding, but this adapter has two."""

    @property
    def remarks(self) -> tuple[str, ...]:
        changed = [key for key, change in self.changes.items() if not isinstance(change, Kept | Replaced)]
        kind = "a DoRA adapter" if self.settings.dora else "an adapter"
        told = (
            f"{self.name} is {kind} of rank {self.settings.rank}: it changes {counted(changed, 'tensor')} of its base"
        )
        return (told, *self._told_head(), *self._told_rows(), *self._told_neighbours())

    def _told_head(self) -> tuple[str, ...]:
        if not self.head:
            return ()
        return (
            f"{self.name} changes the embedding and the output head, which are one tensor in its base, in different ways: "
            f"as in PEFT's model, they are two tensors here, and the head is {self.head}",
        )

    def _told_rows(self) -> Iterator[str]:
        for key, change in self.changes.items():
            rows = change.spec.shape[:1]
            if address(key) != ("embeddings", "word") or key not in self.base.specs:
                continue
            if rows != self.base.specs[key].shape[:1]:
                yield (
                    f"{self.name} stores {key} with {rows[0]} rows, and the base has {self.base.specs[key].shape[0]}: "
                    "tokens were added or removed"
                )
            for head, spec in self.specs.items():
                if predicts_tokens(head) and spec.shape[:1] != rows:
                    yield (
                        f"{self.name} has {rows[0]} rows in {key}, but {head} has {spec.shape[0]}: PEFT did not store the "
                        "others; in PEFT, save the adapter again with save_embedding_layers=True"
                    )

    def _told_neighbours(self) -> tuple[str, ...]:
        found = adapters_inside(self.folder)
        return (f"{self.folder} also holds adapters in {', '.join(found)}, which are not read",) if found else ()

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The config of the adapted model: the base's, as far as the adapter's tensors leave it true.

        Labels are dropped if the adapter has a head of its own. `vocab_size` follows the embedding's rows,
        and `tie_word_embeddings` is false if the embedding and the head have become two tensors.
        """
        own = any(isinstance(change, Replaced) and _is_labelled(key) for key, change in self.changes.items())
        config = {key: value for key, value in self.base.config.items() if not (own and key in LABELS)}
        for key, change in self.changes.items():
            if address(key) == ("embeddings", "word") and key in self.base.specs:
                config = _resized(config, self.base.specs[key].shape[0], change.spec.shape[0])
        return config | {"tie_word_embeddings": False} if self.head else config

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
        for key, change in self.changes.items():
            pairs += [(f"{key} {name}", hash_tensor(self.shard.read(name))) for name in change.names]
            pairs.append((f"{key} scale", hash_tensor(torch.tensor(change.numbers).double())))
        return hash_pairs(pairs)


def _is_labelled(key: str) -> bool:
    """Whether `key` is a matrix of a head, whose rows belong to labels."""
    return is_head(key, "") and not predicts_tokens(key) and not key.endswith("bias")


def _resized(config: Mapping[str, Any], ours: int, theirs: int) -> dict[str, Any]:
    """`config` with the rows of the adapter's embedding as vocab_size, at the top and in the text part."""
    if ours == theirs:
        return dict(config)
    text = config.get("text_config")
    found = {**config, "text_config": _resized(text, ours, theirs)} if isinstance(text, dict) else dict(config)
    return found | {"vocab_size": theirs} if "vocab_size" in config else found


def adapters_inside(folder: Path) -> list[str]:
    """The names of the folders in `folder` that hold adapters."""
    return sorted(path.parent.name for path in folder.glob(f"*/{CONFIG}"))


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
    found = assign(AdapterFile(settings, shard), base)
    return AdapterCheckpoint(name or str(folder), folder, base, settings, shard, found.changes, found.head)
