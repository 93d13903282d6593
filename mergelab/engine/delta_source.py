"""What a sketch reads: the deltas among which the last step of a recipe chooses, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor

from mergelab.engine.inputs import Chunk, chunks
from mergelab.engine.kernel_dispatch import stored_stack
from mergelab.engine.pipeline import PreparedMerge
from mergelab.engine.survey import cached_deltas, settings, sparsified_deltas


def input_chunks(prepared: PreparedMerge, key: str, stored: bool) -> Iterator[Chunk]:
    """The chunks in which a tensor is read; with `stored`, where kernels alone read it, long ones whatever the method is."""
    return chunks(prepared.plan, key, prepared.shares[1] if stored and prepared.fuses else prepared.stretch)


def input_threads(prepared: PreparedMerge, stored: bool) -> int:
    """Tensors that are read at once."""
    return prepared.shares[0] if stored and prepared.fuses else prepared.threads


def offered(prepared: PreparedMerge, chunk: Chunk, sparse: bool) -> Tensor:
    """Every expert minus the base, float32 (n_models, *shape); `sparse`: what the steps before the method leave of it."""
    return sparsified_deltas(prepared, chunk) if sparse else cached_deltas(prepared, chunk)


def stored_input_deltas(prepared: PreparedMerge, chunk: Chunk, sparse: bool) -> Any:
    """The same as the device's kernels read it, a `DeviceStack`; None where they cannot."""
    if not prepared.fuses:
        return None
    step = settings(prepared, prepared.steps[0], chunk.key) if sparse and prepared.steps else {}
    return stored_stack(prepared, chunk, {}, step, lambda: offered(prepared, chunk, sparse), {})
