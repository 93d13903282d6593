"""Runs a prepared merge, one tensor after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from mergelab.checkpoints.alignment.key_alignment import is_running_statistic
from mergelab.checkpoints.files.buffers import empty
from mergelab.engine.merged_tensor import Merge, Merged, in_key_order
from mergelab.engine.planning.plan import Plan
from mergelab.engine.prepared_merge import PreparedMerge
from mergelab.engine.running_statistics import averaged
from mergelab.engine.small_tensors import in_groups
from mergelab.engine.tensor_job import TensorJob
from mergelab.engine.threads import in_order
from mergelab.runtime.progress import Progress, ProgressGen

Allocate = Callable[[tuple[int, ...], torch.dtype], Tensor]
"""Gives the memory for a merged tensor."""


class MergedModel(NamedTuple):
    """All tensors by the base's file keys, and what methods said about them, in the order of the plan's keys."""

    tensors: dict[str, Tensor]
    remarks: list[str]


def merge_tensor(prepared: PreparedMerge, key: str, allocate: Allocate = empty) -> Tensor:
    """The tensor of one of the plan's keys, merged, in its final dtype, on the CPU. The arithmetic is float32, or float64 if a model stores the tensor in
    float64; the result is rounded once."""
    return merge_job(TensorJob.of(prepared, prepared.method, key), allocate).tensor


def merge_job(job: TensorJob, allocate: Allocate = empty) -> Merged:
    """The merged tensor of a job of the method."""
    spec = job.prepared.plan.specs[job.key]
    final = allocate(spec.shape, spec.dtype)
    job.merge(final)
    return Merged(job.key, final, remarks=tuple(dict.fromkeys(job.remarks)))  # each chunk may say the same


def run(prepared: PreparedMerge, merge: Merge | None = None) -> Iterator[Merged]:
    """Merge tensor by tensor in the base's key order, copied tensors included, each when it is asked for or just before.

    `merge` replaces the way in which a single tensor is merged.
    """
    merge = merge or in_groups(prepared, partial(_merge_key, prepared))
    plan, tied = prepared.plan, prepared.plan.compatibility.tied
    owners = {owner: merge(owner) for owner in sorted(set(tied.values()))}

    def finished(key: str) -> Merged:
        return owners.get(key) or merge_any(prepared, key, lambda name: owners.get(name) or merge(name))

    yield from in_order(finished, plan.base.specs, prepared.schedule.threads, lambda key: plan.specs[key].nbytes)


def merge_any(prepared: PreparedMerge, key: str, merge: Merge | None = None) -> Merged:
    """The tensor of any file key of the base: merged, averaged, copied, or the one that it is tied to."""
    plan, tied = prepared.plan, prepared.plan.compatibility.tied
    merge = merge or partial(_merge_key, prepared)
    if key in plan.compatibility.left_out:
        return _copied(plan, key)
    if key in tied:
        return Merged(key, merge(tied[key]).tensor)
    return _averaged(prepared, key) if is_running_statistic(key) else merge(key)


def merged_model(prepared: PreparedMerge, merge: Merge | None = None) -> ProgressGen[MergedModel]:
    """`run` in memory."""
    tensors: dict[str, Tensor] = {}
    remarks: dict[str, tuple[str, ...]] = {}
    for merged in run(prepared, merge):
        tensors[merged.key], remarks[merged.key] = merged.tensor, merged.remarks
        yield Progress("Merging", len(tensors), len(prepared.plan.base.specs), merged.key)
    return MergedModel(tensors, in_key_order(prepared.plan.compatibility.mergeable, remarks))


def merged_body(prepared: PreparedMerge, merge: Merge | None = None) -> ProgressGen[dict[str, Tensor]]:
    """The tensors of `merged_model`."""
    return (yield from merged_model(prepared, merge)).tensors


def _merge_key(prepared: PreparedMerge, key: str) -> Merged:
    return merge_job(TensorJob.of(prepared, prepared.method, key))


def _averaged(prepared: PreparedMerge, key: str) -> Merged:
    spec = prepared.plan.specs[key]
    return averaged(prepared, key, empty(spec.shape, spec.dtype))


def _copied(plan: Plan, key: str) -> Merged:
    return Merged(key, plan.base.read(key).clone(), plan.compatibility.left_out.get(key, "copied from the base"))
