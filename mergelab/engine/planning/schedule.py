"""Decides how a merge is carried out: by kernels or reference functions, in which chunks, on how many threads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import torch

from mergelab import kernels
from mergelab.checkpoints import StateDict, is_plain
from mergelab.checkpoints.files.buffers import HUGE
from mergelab.engine.planning.memory_budget import chunk_plan
from mergelab.engine.planning.number_formats import kernel_formats
from mergelab.engine.planning.pipeline import PipelineStep
from mergelab.engine.planning.plan import Plan
from mergelab.kernels import gpu

CHUNK = 1 << 20
"""Entries per chunk for elementwise reference functions: the temporaries of a chunk stay small."""
KERNEL_CHUNK = 24 << 20
"""Entries of all models together per chunk for a CPU kernel, which needs no temporaries."""
GPU_CHUNK = 64 << 20
"""The same for a GPU, where starting a kernel takes as long as merging a million entries."""
LANES = 3
"""Tensors in flight on a GPU: one is read, one copied, one merged."""
ALIGNMENT = 1 << 14
"""Chunks for kernels start at multiples of this number of entries."""
PAGE = HUGE // 2
"""Half-precision numbers per huge page. Long chunks fill whole pages: a buffer that leaves much of its last page empty is
read into small pages, which takes far longer."""
KEEP_BYTES = 64 << 20
"""Deltas of up to this many bytes are read once per merge; those of larger models are read again in each pass."""
KERNELS_FROM = 16 << 20
"""Parameters from which kernels are used: for smaller models compiling them takes longer than the reference functions."""
MASKS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "trim": lambda knobs: knobs["rescale"] != "l1",
    "dare": lambda knobs: knobs["rescale"] != "l1" and knobs["target"] == "delta",
    "della": lambda knobs: knobs["rescale"] != "l1",
}
"""Sparsifiers that a kernel applies while it reads, and the knobs for which it can; those by row only on the CPU."""


@dataclass(frozen=True)
class Schedule:
    """How a prepared merge runs."""

    keeps_deltas: bool
    """Whether the deltas are small enough to stay in memory between passes."""
    splits: bool
    """Whether tensors are processed in chunks."""
    on_gpu: bool
    """Whether kernels are the GPU's."""
    kernel_keys: frozenset[str]
    """Tensors whose stored numbers kernels read; empty where kernels do not pay or cannot do all steps before the method."""
    kernels_merge: bool
    """Whether the method itself is a kernel too, and not only the surveys."""
    chunk: int | None
    """Maximum entries per chunk; None if tensors stay whole."""
    kernel_chunk: int | None
    """The same for work that only kernels do, whatever the method is."""
    kernel_threads: int
    linear_algebra: bool
    """Whether the reference function spends its time in `mergelab.linalg`, which uses one thread per tensor."""

    @property
    def threads(self) -> int:
        """Tensors that are processed at the same time. Other reference functions use all of torch's threads per tensor."""
        if self.kernels_merge:
            return self.kernel_threads
        return torch.get_num_threads() if self.linear_algebra else 1


def is_large(plan: Plan) -> bool:
    """Whether kernels save more time than compiling them takes."""
    return plan.parameters >= KERNELS_FROM


def schedule_for(plan: Plan, device: torch.device, steps: Sequence[PipelineStep], method: PipelineStep) -> Schedule:
    """The schedule of a pipeline whose steps before the method are `steps`."""
    on_gpu, keeps = gpu.takes(device), _bytes_of_deltas(plan) <= KEEP_BYTES
    splits = not keeps and all(step.splits for step in (*steps, method))
    reads = splits and _kernels_read(plan, device, steps)
    merges = reads and _kernels_merge(plan, on_gpu, steps, method)
    plain_chunk = CHUNK if splits else None
    threads, chunk = _kernel_shares(plan, on_gpu) if reads else (0, plain_chunk)
    return Schedule(
        keeps_deltas=keeps,
        splits=splits,
        on_gpu=on_gpu,
        kernel_keys=frozenset(key for key in plan.keys if kernel_formats(plan, key)) if reads else frozenset(),
        kernels_merge=merges,
        chunk=chunk if merges else plain_chunk,
        kernel_chunk=chunk,
        kernel_threads=threads,
        linear_algebra=method.rule.on_one_thread and device.type == "cpu",
    )


def _bytes_of_deltas(plan: Plan) -> int:
    """The size of all experts' deltas in the dtypes of their arithmetic."""
    specs = plan.base.specs
    return len(plan.experts) * sum(plan.arithmetic[key].itemsize * specs[key].count for key in plan.keys)


def _kernels_read(plan: Plan, device: torch.device, steps: Sequence[PipelineStep]) -> bool:
    """Whether kernels can read the deltas as they are stored: from plain files, after no other step than a mask."""
    on_gpu = gpu.takes(device)
    if not (is_large(plan) and (on_gpu or (device.type == "cpu" and kernels.available()))):
        return False
    plain = all(is_plain(checkpoint) for checkpoint in (plan.base, *plan.experts))
    return plain and all(_is_mask(step) for step in steps) and not (on_gpu and plan.by_row)


def _is_mask(step: PipelineStep) -> bool:
    return step.rule.name in MASKS and MASKS[step.rule.name](step.knobs(step.plan.keys[0]))


def _kernels_merge(plan: Plan, on_gpu: bool, steps: Sequence[PipelineStep], method: PipelineStep) -> bool:
    if steps and method.rule.space == "weights":
        return False
    kernel_module = import_module("mergelab.kernels.gpu.stack" if on_gpu else "mergelab.kernels.cpu.stack")
    return method.rule.name in kernel_module.FUSED and not plan.recipe.depth_scale


def _kernel_shares(plan: Plan, on_gpu: bool) -> tuple[int, int]:
    """Threads, and entries per chunk, for kernels."""
    threads, together = (LANES, GPU_CHUNK) if on_gpu else (torch.get_num_threads(), KERNEL_CHUNK)
    longest = CHUNK if plan.by_row else together // (len(plan.experts) + 1)
    if not _is_resident(plan):
        threads, longest = chunk_plan(plan, threads, longest, CHUNK)
    return threads, longest // PAGE * PAGE or longest // ALIGNMENT * ALIGNMENT


def _is_resident(plan: Plan) -> bool:
    """Whether all models are in memory already."""
    return all(isinstance(checkpoint, StateDict) for checkpoint in (plan.base, *plan.experts))
