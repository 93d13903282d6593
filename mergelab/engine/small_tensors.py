"""Merges small tensors that can be taken as one when the first of them is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

import torch
from torch import Tensor

from mergelab.engine.pipeline import PreparedMerge
from mergelab.engine.survey import joined_for, settings
from mergelab.engine.tensor_groups import Visit, visits
from mergelab.methods.ops.stack import KernelUnsupportedError

Merge = Callable[[str], Tensor]
"""Gives the merged tensor of a key."""


def in_batches(prepared: PreparedMerge, merge: Merge) -> Merge:
    """`merge`, but for small tensors that a kernel can merge together."""
    batches = [_Batch(prepared, visit, merge) for visit in visits(prepared, prepared.method) if len(visit) > 1]
    batch_of = {key: batch for batch in batches for key in batch.keys}
    return lambda key: batch_of[key].take(key) if key in batch_of else merge(key)


@dataclass
class _Batch:
    """Small tensors; `apart` merges a single one where the kernel refuses all."""

    prepared: PreparedMerge
    keys: Visit
    apart: Merge
    lock: Lock = field(default_factory=Lock)
    merged: dict[str, Tensor] = field(default_factory=dict)
    """What is merged and not yet taken."""

    def take(self, key: str) -> Tensor:
        """A merged tensor; whoever comes first merges all."""
        with self.lock:
            if key not in self.merged:
                self.merged |= self._all()
            return self.merged.pop(key)

    def _all(self) -> dict[str, Tensor]:
        try:
            return self._joined()
        except KernelUnsupportedError:
            return {key: self.apart(key) for key in self.keys}

    def _joined(self) -> dict[str, Tensor]:
        prepared, specs = self.prepared, {key: self.prepared.plan.spec(key) for key in self.keys}
        stack = joined_for(prepared, prepared.method, self.keys, settings(prepared, prepared.method, self.keys[0]))
        joined = torch.empty(stack.count, dtype=specs[self.keys[0]].dtype)
        stack.merge(prepared.method.rule.name, prepared.plan.positions, joined)
        parts = torch.split(joined, [spec.count for spec in specs.values()])
        # Clones, because whoever keeps one tensor should not keep the memory of all.
        return {key: part.clone().reshape(specs[key].shape) for key, part in zip(self.keys, parts, strict=True)}
