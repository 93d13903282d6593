"""A prepared merge as a model: its tensors are merged when they are read."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mergelab.checkpoints import Checkpoint, CheckpointError, TensorSpec
from mergelab.checkpoints.files.content_hash import hash_tensor
from mergelab.engine.execution import merge_any, run
from mergelab.engine.merged_tensor import in_key_order
from mergelab.engine.planning.plan import START, Plan
from mergelab.engine.prepared_merge import PreparedMerge
from mergelab.runtime.hashing import hash_pairs
from mergelab.runtime.progress import Progress, ProgressGen

KEPT_BYTES = 64 << 20
"""Merges of up to this many bytes stay in memory; of larger ones each thread keeps the tensor that it read last."""


class _LastRead(threading.local):
    """The tensor that a thread read last, because it reads a large one chunk by chunk."""

    key: str = ""
    tensor: Tensor = torch.empty(0)


@dataclass(frozen=True, eq=False)
class MergedCheckpoint:
    """The result of a merge, tensor by tensor, bit for bit as if it had been written to a folder.

    `config` and `folder` are those of the merged model; its content hash is that of the merged tensors. `remarks` say what
    it is made of, and what was noticed when it was merged for the first time, to hash it. `owner` is whatever must live as
    long as `folder` does.
    """

    name: str
    prepared: PreparedMerge
    config: Mapping[str, Any]
    folder: Path | None
    remarks: tuple[str, ...]
    content: str
    kept: Mapping[str, Tensor]
    starts: Mapping[str, Tensor]
    """The leading entries of every tensor, by which plans tell experts apart."""
    owner: object = None
    _last: _LastRead = field(default_factory=_LastRead)

    @property
    def specs(self) -> Mapping[str, TensorSpec]:
        return self.prepared.plan.specs

    @property
    def is_plain(self) -> bool:
        """Kernels read merged tensors as they read stored ones: in full, not as a delta of a base."""
        return True

    def read(self, key: str) -> Tensor:
        if key not in self.specs:
            raise CheckpointError(f"{self.name} has no tensor {key!r}")
        if key in self.kept:
            return self.kept[key]
        if key != self._last.key:
            self._last.key, self._last.tensor = key, merge_any(self.prepared, key).tensor
        return self._last.tensor

    def read_range(self, key: str, start: int, stop: int) -> Tensor:
        """The flat entries from `start` to `stop` of a tensor."""
        source = self.starts[key] if key in self.starts and stop <= START else self.read(key).reshape(-1)
        return source[start:stop]

    def read_delta(self, key: str, base: Checkpoint, start: int = 0, stop: int | None = None) -> None:
        return None

    def content_hash(self) -> str:
        return self.content


def merged_checkpoint(
    name: str, prepared: PreparedMerge, config: Mapping[str, Any], folder: Path | None, owner: object = None
) -> ProgressGen[MergedCheckpoint]:
    """Merge once, to hash the tensors and to see what the method says about them; only a small result is kept."""
    plan, remarks = prepared.plan, dict[str, tuple[str, ...]]()
    hashes, starts, kept = dict[str, str](), dict[str, Tensor](), dict[str, Tensor]()
    keeps = sum(spec.nbytes for spec in plan.specs.values()) <= KEPT_BYTES
    for number, merged in enumerate(run(prepared), 1):
        hashes[merged.key], remarks[merged.key] = hash_tensor(merged.tensor), merged.remarks
        starts[merged.key] = merged.tensor.reshape(-1)[:START].clone()
        kept |= {merged.key: merged.tensor} if keeps else {}
        yield Progress(f"Merging {name}", number, len(plan.specs), merged.key)
    said = in_key_order(plan.compatibility.mergeable, remarks)
    told = (_made_of(name, plan), *(f"in {name}: {note}" for note in (*plan.notes, *said)))
    content = hash_pairs(hashes.items())
    return MergedCheckpoint(name, prepared, config, folder, told, content, kept, starts, owner)


def _made_of(name: str, plan: Plan) -> str:
    recipe, models = plan.recipe, ", ".join(expert.model for expert in plan.recipe.models)
    onto = f" onto {recipe.base}" if recipe.base else ""
    return f"{name} is the merge of {models}{onto} by {recipe.rule.title}, whose recipe is part of this one"
