"""One step of a prepared merge at work on one tensor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import takewhile
from typing import Any

import torch
from torch import Tensor

from mergelab.engine.kernel_dispatch import chunk_stack, group_stack
from mergelab.engine.planning.pipeline import PipelineStep
from mergelab.engine.planning.plan import Plan
from mergelab.engine.prepared_merge import PreparedMerge
from mergelab.engine.reading.calibration_inputs import read_statistics
from mergelab.engine.reading.chunks import Chunk, chunks
from mergelab.engine.reading.expert_draws import read_draws
from mergelab.engine.reading.finite_check import refuse_non_finite
from mergelab.engine.reading.inputs import read_base, read_experts
from mergelab.engine.reading.stored_chunks import read_stored
from mergelab.kernels.device_stack import DeviceStack, StackContext
from mergelab.methods.ops.stack import KernelUnsupportedError
from mergelab.methods.registry import Base, Key, Log, ModelStatistic, Position, RandomBits, Stack, Statistic, Survey
from mergelab.recipe.overrides import at

UNWEIGHTED = "kept from the base, because every expert has weight 0 here"


@dataclass(frozen=True)
class TensorJob:
    """What one step does to one tensor, chunk by chunk: `settings` are its knobs and the figures its surveys found."""

    prepared: PreparedMerge
    step: PipelineStep
    key: str
    settings: Mapping[str, Any]
    remarks: list[str] = field(default_factory=list)
    """What the step's rule, and those before it, say about the tensor while they are applied."""

    @classmethod
    def of(cls, prepared: PreparedMerge, step: PipelineStep, key: str) -> TensorJob:
        """The job with all settings; surveys of this single tensor run now, unless they ran before."""
        job = cls(prepared, step, key, step.settings(key))
        for name in step.findings.per_tensor:
            job = job.with_settings({name: job._figure(name)})
        return job

    def with_settings(self, settings: Mapping[str, Any]) -> TensorJob:
        """The same job with some settings added or replaced."""
        return replace(self, settings={**self.settings, **settings})

    @property
    def plan(self) -> Plan:
        """The plan that the job belongs to."""
        return self.prepared.plan

    @property
    def idle(self) -> bool:
        """Whether a survey saw that no expert moves this tensor; it stays as the base has it."""
        findings = self.step.findings
        return self.key in findings.idle or self.key in findings.of_tensors.idle

    @property
    def unweighted(self) -> bool:
        """Whether every expert has weight 0 here. The base's values stay: the methods divide by the sum of the weights."""
        return self.key in self.plan.unweighted

    @property
    def speaks(self) -> bool:
        """Whether the step's rule may log a sentence about the tensor, which only its reference function does."""
        return self.step.rule.speaks is not None and self.step.rule.speaks(self.settings)

    @property
    def keeps_base(self) -> bool:
        """Whether the merged tensor is the base's."""
        return self.idle or self.unweighted

    @cached_property
    def before(self) -> tuple[TensorJob, ...]:
        """The jobs of the steps before this one, on the same tensor."""
        earlier = takewhile(lambda step: step.owner != self.step.owner, self.prepared.steps)
        jobs = (TensorJob.of(self.prepared, step, self.key) for step in earlier)
        return tuple(replace(job, remarks=self.remarks) for job in jobs)

    def chunks(self) -> Iterator[Chunk]:
        """The chunks in which the tensor is processed."""
        return chunks(self.plan, self.key, self.prepared.schedule.chunk)

    def merge(self, final: Tensor) -> None:
        """Write the merged tensor to `final`, rounded once to its dtype. The job has to be the method's."""
        flat = final.reshape(-1)
        if self.unweighted:
            self.remarks.append(UNWEIGHTED)
        for chunk in self.chunks():
            self._merge_chunk(chunk, flat[chunk.start : chunk.stop])

    def _merge_chunk(self, chunk: Chunk, final: Tensor) -> None:
        if self.keeps_base:
            final.copy_(read_stored(self.plan.base, self.key, chunk).reshape(-1))
        elif self._merge_by_kernel(chunk, final):
            return
        else:
            final.copy_(self.merged(chunk, self.plain_stack(chunk)).reshape(-1))
        refuse_non_finite(final, self.key, "the merged model", "lower the scale, or choose a wider dtype")

    def _merge_by_kernel(self, chunk: Chunk, final: Tensor) -> bool:
        """Let a kernel merge the chunk if there is one; returns whether it did."""
        stack = self.device_stack(chunk) if self.prepared.schedule.kernels_merge and not self.speaks else None
        if stack is None:
            return False
        try:
            stack.merge(self.step.rule.name, self.plan.positions, final)
        except KernelUnsupportedError:
            return False
        return True

    def merged(self, chunk: Chunk, stack: Stack) -> Tensor:
        """The method's result for a chunk by the reference functions (*shape), in the tensor's arithmetic."""
        merged, of_deltas = self.apply(chunk, stack), self.step.rule.space == "deltas"
        scale = self.plan.recipe.depth_scale
        factor = float(at(scale, self.plan.depths[self.key])) if scale else 1.0
        if factor == 1 and not of_deltas:
            return merged
        base = read_base(self.plan, chunk, self.prepared.device)
        change = merged if of_deltas else merged - base
        change = change if factor == 1 else change * factor
        return torch.where(change == 0, base, base + change)  # -0.0 + 0.0 would be 0.0

    def apply(self, chunk: Chunk, stack: Stack) -> Tensor:
        """The result of the step's rule for a stack, in the stack's dtype."""
        return self.step.rule.function(stack.values, **self.arguments(chunk, stack))

    def arguments(self, chunk: Chunk, stack: Stack) -> dict[str, Any]:
        """All arguments of the step's rule besides the values of the stack."""
        marks = self.step.rule.inputs.items()
        inputs = {name: self._input(mark, chunk, stack) for name, mark in marks if not isinstance(mark, ModelStatistic)}
        return {
            name: value.to(self.prepared.device) if isinstance(value, Tensor) else value
            for name, value in {**stack.settings, **inputs}.items()
        }

    def _input(self, mark: object, chunk: Chunk, stack: Stack) -> Any:
        match mark:
            case Statistic():
                return stack.statistics.get(mark.kind)
            case Position():
                return torch.tensor(self.plan.positions)
            case Key():
                return self.key
            case Base():
                return read_base(self.plan, chunk, self.prepared.device)
            case Log():
                return self.remarks.append
            case RandomBits():
                return read_draws(self.plan, chunk)
        raise TypeError(f"no input for the mark {mark!r}")

    def stack(self, chunk: Chunk) -> Stack:
        """A chunk as the step sees it: for a kernel if one can read it, else for the reference functions."""
        return self.device_stack(chunk) or self.plain_stack(chunk)

    def plain_stack(self, chunk: Chunk) -> Stack:
        """A chunk for the reference functions."""
        return Stack(self.key, self.values(chunk), self._statistics(chunk), self.settings, chunk.whole)

    def device_stack(self, chunk: Chunk) -> DeviceStack | None:
        """A chunk as stored, for kernels; None if they cannot do everything that comes before this step."""
        if self.key not in self.prepared.schedule.kernel_keys or (self.step.rule.space == "weights" and self.before):
            return None
        values, statistics = partial(self.values, chunk), self._statistics(chunk)
        context = StackContext(self.key, values, self.settings, statistics, chunk.start, chunk.whole)
        return chunk_stack(self.prepared, chunk, self._mask, context)

    def group_stack(self, keys: Sequence[str]) -> DeviceStack:
        """Several small tensors as one stack for kernels; they all have this job's settings."""
        return group_stack(self.prepared, keys, self.settings, self._mask)

    @property
    def _mask(self) -> Mapping[str, Any]:
        """The settings of the sparsifier that a kernel applies as it reads; empty if there is none before this step."""
        return self.before[0].settings if self.before else {}

    def _statistics(self, chunk: Chunk) -> Mapping[str, Tensor]:
        wanted = self.step.rule.wanting(Statistic)
        return read_statistics(self.plan, chunk, self.prepared.device) if wanted else {}

    def values(self, chunk: Chunk) -> Tensor:
        """The deltas or weights that the step's rule treats (n_models, *shape), in the tensor's arithmetic."""
        if self.step.rule.space == "deltas":
            return self.input_deltas(chunk)
        if self.before:
            return read_base(self.plan, chunk, self.prepared.device) + self.input_deltas(chunk)
        return read_experts(self.plan, chunk, self.prepared.device)

    def input_deltas(self, chunk: Chunk) -> Tensor:
        """The deltas that the steps before this one leave; not to be changed in place."""
        for deltas in self.deltas_by_step(chunk):
            found = deltas
        return found

    def deltas_by_step(self, chunk: Chunk) -> Iterator[Tensor]:
        """The experts' deltas, then what each step before this one leaves of them, each (n_models, *shape)."""
        deltas = self.prepared.deltas(chunk)
        yield deltas
        for job in self.before:
            deltas = job.apply(chunk, Stack(self.key, deltas, {}, job.settings))
            yield deltas

    def show(self, survey: Survey) -> bool:
        """Update a survey with every chunk of the tensor; returns whether any expert moves the tensor."""
        moved = self.step.rule.space == "weights"
        for chunk in self.chunks():
            stack = self.stack(chunk)
            try:
                survey.update(stack)
            except KernelUnsupportedError:
                survey.update(self.plain_stack(chunk))
            moved = moved or stack.any()
        return moved

    def _figure(self, name: str) -> Any:
        """The figure for one argument, surveyed in this tensor alone when first asked for."""
        figures = self.step.findings.of_tensors.figures
        if (self.key, name) not in figures:
            figures[self.key, name] = _compact(self._survey(name))
        return figures[self.key, name]()

    def _survey(self, name: str) -> Any:
        survey = self.step.model_statistics[name].start(len(self.plan.experts), [self.settings])
        while survey.passes:
            if not self.idle and not self.show(survey):
                self.step.findings.of_tensors.idle.add(self.key)
            survey.finish_pass()
        return survey.value(self.settings)


def _compact(figure: Any) -> Callable[[], Any]:
    """A function that returns the figure again. Tensors are kept as Python numbers: small tensors between large buffers
    that come and go would keep the allocator from reusing the buffers' memory."""
    if isinstance(figure, Tensor):
        return partial(torch.tensor, figure.tolist(), dtype=figure.dtype)
    return lambda: figure
