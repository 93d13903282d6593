"""Merges a group of small tensors when the first of them is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

import torch

from mergelab.engine.merged_tensor import Merge, Merged
from mergelab.engine.planning.key_groups import KeyGroup, key_groups
from mergelab.engine.prepared_merge import PreparedMerge
from mergelab.engine.tensor_job import TensorJob
from mergelab.methods.ops.stack import KernelUnsupportedError


def in_groups(prepared: PreparedMerge, merge: Merge) -> Merge:
    """`merge`, except for small tensors that a kernel can merge together."""
    groups = [_Group(prepared, keys, merge) for keys in key_groups(prepared, prepared.method) if len(keys) > 1]
    group_of = {key: group for group in groups for key in group.keys}
    return lambda key: group_of[key].take(key) if key in group_of else merge(key)


@dataclass
class _Group:
    """Small tensors; `merge_one` merges a single one if the kernel refuses the group."""

    prepared: PreparedMerge
    keys: KeyGroup
    merge_one: Merge
    lock: Lock = field(default_factory=Lock)
    merged: dict[str, Merged] = field(default_factory=dict)
    """Tensors that are merged and not yet taken."""

    def take(self, key: str) -> Merged:
        """A merged tensor. The first caller merges all; each tensor is handed out once."""
        with self.lock:
            if key not in self.merged:
                self.merged |= self._all()
            return self.merged.pop(key)

    def _all(self) -> dict[str, Merged]:
        try:
            return self._together()
        except KernelUnsupportedError:
            return {key: self.merge_one(key) for key in self.keys}

    def _together(self) -> dict[str, Merged]:
        plan, method = self.prepared.plan, self.prepared.method
        job = TensorJob.of(self.prepared, method, self.keys[0])
        if job.speaks:
            raise KernelUnsupportedError("a remark names its tensor")
        stack = job.group_stack(self.keys)
        joined = torch.empty(stack.count, dtype=plan.specs[self.keys[0]].dtype)
        stack.merge(method.rule.name, plan.positions, joined)
        parts = torch.split(joined, [plan.specs[key].count for key in self.keys])
        # Clones, so that keeping one tensor does not keep the memory of all.
        clones = (part.clone().reshape(plan.specs[key].shape) for key, part in zip(self.keys, parts, strict=True))
        return {key: Merged(key, tensor) for key, tensor in zip(self.keys, clones, strict=True)}
