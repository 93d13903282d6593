"""The deltas of a chunk as a sketch looks at them: stepped by kernels where they pay, on whichever device, else by torch."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from mergelab import kernels
from mergelab.analysis.sketch.magnitude_histogram import unsigned
from mergelab.analysis.sketch.survival_histogram import NEVER, SurvivalHistogram, steps
from mergelab.engine import Chunk, PreparedMerge, draw_keys, input_deltas, is_large, read_draws, stored_input_deltas
from mergelab.kernels.arguments import LevelSource, SparsifyParams
from mergelab.kernels.device_stack import StackContext
from mergelab.methods.ops.elementwise import rows
from mergelab.methods.ops.stack import KernelUnsupportedError, Stack, magnitude_bits

Table = NDArray[numpy.int16]
NO_TABLES = numpy.zeros((0, 0, 0), numpy.int16)
NO_KEYS = numpy.zeros((0, 2), numpy.uint32)
NO_LEVELS = numpy.zeros((0, 0), numpy.int16)


class Deltas:
    """A chunk of the deltas on offer; `sparse`: those that the steps before the method leave. `even` says whether their
    products are at home in float32, which the CPU's kernels compute in."""

    def __init__(
        self, prepared: PreparedMerge, chunk: Chunk, sparse: bool, even: bool = True, values: Tensor | None = None
    ) -> None:
        """`values` (n_models, *shape) take the place of what would be read."""
        self._prepared, self._chunk, self._sparse, self._given, self._even = prepared, chunk, sparse, values, even

    @cached_property
    def values(self) -> Tensor:
        """(n_models, count), float32, on the CPU."""
        return rows(self.shaped).cpu()

    @cached_property
    def shaped(self) -> Tensor:
        """(n_models, *shape), where deltas are worked out; refuses what is not finite."""
        return input_deltas(self._prepared, self._chunk, self._sparse) if self._given is None else self._given

    @property
    def draws(self) -> Tensor:
        """Random integers for every entry, int64 (n_models, *shape)."""
        return read_draws(self._prepared.plan, self._chunk).to(self.shaped.device)

    def counted(self) -> tuple[Tensor, bool]:
        """int64 (n_models, BINS): deltas by their upper 16 bits, sign and all; and whether any model changed something."""
        try:
            return _counted(self._stored or self._plain)
        except KernelUnsupportedError:
            return _counted(self._plain)

    def ranked(self, tables: Table) -> list[SurvivalHistogram]:
        """The steps of several cuts, whose levels `tables` (n_cuts, n_models, BINS) have by the upper 16 bits of
        magnitudes."""
        if found := self._by_kernel(tables=tables):
            return found
        upper = magnitude_bits(self.values) >> 16
        return [steps(self.values, self._levels(table, upper)) for table in tables]

    def drawn(self, tables: Table) -> list[SurvivalHistogram]:
        """The same with levels by the upper halves of draws."""
        plan, chunk = self._prepared.plan, self._chunk
        if found := self._by_kernel(tables=tables, keys=numpy.array(draw_keys(plan, chunk.key), numpy.uint32)):
            return found
        halves = rows(read_draws(plan, chunk)) >> 16
        return [steps(self.values, self._levels(table, halves)) for table in tables]

    def stepped(self, levels: Tensor) -> SurvivalHistogram:
        """The steps with these levels, int16 (n_models, *shape); what is 0 is never kept."""
        levels = rows(levels).cpu()
        if found := self._by_kernel(given=levels.numpy()):
            return found[0]
        return steps(self.values, torch.where(self.values == 0, NEVER, levels).to(torch.int16))

    def _levels(self, table: Table, places: Tensor) -> Tensor:
        looked_up = [torch.from_numpy(own)[row] for own, row in zip(table, places, strict=True)]
        return torch.where(self.values == 0, NEVER, torch.stack(looked_up)).to(torch.int16)

    def _by_kernel(
        self, tables: Table = NO_TABLES, keys: Any = NO_KEYS, given: Table = NO_LEVELS
    ) -> list[SurvivalHistogram] | None:
        if not is_large(self._prepared.plan):
            return None
        levels = LevelSource(tables, keys, given, NEVER)
        found = self._on_gpu(levels) if self._prepared.schedule.on_gpu else self._on_cpu(levels)
        return None if found is None else [SurvivalHistogram(*each) for each in found]

    def _on_gpu(self, levels: LevelSource) -> Any:
        from mergelab.kernels.gpu.stack import GpuStack  # triton takes a while to import, and need not be there
        from mergelab.kernels.gpu.survival_histogram import stepped

        return stepped(self._stored or GpuStack(self._prepared.device, *self._as_stored(self.shaped)), levels)

    def _on_cpu(self, levels: LevelSource) -> Any:
        if not (self._even and kernels.available()):
            return None
        from mergelab.kernels.cpu.stack import CpuStack
        from mergelab.kernels.cpu.survival_histogram import stepped  # numba takes a while to import

        return stepped(self._stored or CpuStack(*self._as_stored(self.values)), levels)

    @cached_property
    def _stored(self) -> Any:
        return None if self._given is not None else stored_input_deltas(self._prepared, self._chunk, self._sparse)

    @property
    def _plain(self) -> Stack:
        return Stack(self._chunk.key, rows(self.shaped))

    def _as_stored(self, values: Tensor) -> tuple[Any, ...]:
        """Deltas as if they were experts of a base of zeros: what every `DeviceStack` takes."""
        flat = rows(values)
        zeros, through = torch.zeros(flat.shape[1], device=flat.device), SparsifyParams.none(len(flat))
        return zeros, list(flat), through, StackContext(self._chunk.key, lambda: flat, start=self._chunk.start)


def _counted(stack: Stack) -> tuple[Tensor, bool]:
    counts = stack.signed_counts()
    return counts, bool(unsigned(counts)[:, 1:].any()) or stack.any()
