"""The deltas that a sketch reads, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor

from mergelab.engine.kernel_dispatch import chunk_stack
from mergelab.engine.prepared_merge import PreparedMerge
from mergelab.engine.reading.chunks import Chunk, chunks
from mergelab.engine.tensor_job import TensorJob
from mergelab.kernels.device_stack import StackContext


def input_chunks(prepared: PreparedMerge, key: str, stored: bool) -> Iterator[Chunk]:
    """The chunks in which a tensor is read. With `stored`, only kernels read it: their chunks are long for any method."""
    return chunks(prepared.plan, key, prepared.schedule.kernel_chunk if stored else prepared.schedule.chunk)


def input_threads(prepared: PreparedMerge, stored: bool) -> int:
    """Tensors that are read at the same time."""
    schedule = prepared.schedule
    return schedule.kernel_threads if stored and schedule.kernel_keys else schedule.threads


def input_deltas(prepared: PreparedMerge, chunk: Chunk, sparse: bool) -> Tensor:
    """Every expert minus the base, rounded to float32 (n_models, *shape); with `sparse`, after the steps before the method."""
    if sparse:
        return TensorJob.of(prepared, prepared.method, chunk.key).input_deltas(chunk).float()
    return prepared.deltas(chunk).float()


def stored_input_deltas(prepared: PreparedMerge, chunk: Chunk, sparse: bool) -> Any:
    """`input_deltas` as the device's kernels read them, a `DeviceStack`; None if no kernel can."""
    if chunk.key not in prepared.schedule.kernel_keys:
        return None
    before = TensorJob.of(prepared, prepared.method, chunk.key).before if sparse else ()
    context = StackContext(chunk.key, lambda: input_deltas(prepared, chunk, sparse), {}, {}, chunk.start, chunk.whole)
    return chunk_stack(prepared, chunk, before[0].settings if before else {}, context)
