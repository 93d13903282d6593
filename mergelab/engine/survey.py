"""Surveys: the passes over the model after which every tensor stands on its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from mergelab.engine.inputs import Chunk, chunks, read_base, read_deltas, read_draws, read_experts, read_statistics
from mergelab.engine.kernel_dispatch import joined_stack, stored_stack
from mergelab.engine.pipeline import PipelineStep, PreparedMerge
from mergelab.engine.plan import Plan
from mergelab.engine.tensor_groups import Visit, visits
from mergelab.engine.threads import in_order
from mergelab.kernels.device_stack import DeviceStack
from mergelab.methods.ops.stack import KernelUnsupportedError
from mergelab.methods.registry import Base, Key, Log, ModelStatistic, Position, RandomBits, Stack, Statistic, Survey
from mergelab.runtime.progress import Progress, ProgressGen


def prepare(plan: Plan, device: str = "cpu") -> ProgressGen[PreparedMerge]:
    """Do the surveys that the recipe's rules ask for; afterwards every tensor stands on its own."""
    prepared = yield from prepare_steps(plan, device)
    return (yield from settle_method(prepared))


def prepare_steps(plan: Plan, device: str = "cpu") -> ProgressGen[PreparedMerge]:
    """Do the surveys of what comes before the method: enough for sparse deltas, before the method's statistics exist."""
    prepared = PreparedMerge.unsurveyed(plan, device)
    for stage in prepared.steps:
        yield from _survey(prepared, stage)
    return prepared


def settle_method(prepared: PreparedMerge) -> ProgressGen[PreparedMerge]:
    """Do the surveys of the method, those of what comes before it being done."""
    yield from _survey(prepared, prepared.method)
    return prepared


def stack_for(prepared: PreparedMerge, stage: PipelineStep, chunk: Chunk, found: Mapping[str, Any]) -> Stack:
    """What a stage with the settings `found` gets to see of a chunk, for a kernel if one can read it."""
    return stored_for(prepared, stage, chunk, found) or plain_stack(prepared, stage, chunk, found)


def stored_for(
    prepared: PreparedMerge, stage: PipelineStep, chunk: Chunk, found: Mapping[str, Any]
) -> DeviceStack | None:
    """The chunk as it is stored, where a kernel can do all that comes before the stage."""
    if not prepared.fuses or (stage.rule.space == "weights" and prepared.steps):
        return None
    step, statistics = _step_before(prepared, stage, chunk.key), _statistics(prepared, stage, chunk)
    return stored_stack(prepared, chunk, found, step, lambda: _values(prepared, stage, chunk), statistics)


def joined_for(prepared: PreparedMerge, stage: PipelineStep, keys: Visit, found: Mapping[str, Any]) -> DeviceStack:
    """The same of small tensors that the stage looks at as one, `found` being the settings of all."""
    return joined_stack(prepared, keys, found, _step_before(prepared, stage, keys[0]))


def _step_before(prepared: PreparedMerge, stage: PipelineStep, key: str) -> dict[str, Any]:
    """The settings of the step whose work a kernel does before the stage's; none where there is no such step."""
    return settings(prepared, prepared.steps[0], key) if prepared.steps and stage is prepared.method else {}


def plain_stack(prepared: PreparedMerge, stage: PipelineStep, chunk: Chunk, found: Mapping[str, Any]) -> Stack:
    """The deltas that the stages before it leave, or the models' weights, in float32, for the reference functions."""
    return Stack(
        chunk.key, _values(prepared, stage, chunk), _statistics(prepared, stage, chunk), found, chunk.stop is None
    )


def _statistics(prepared: PreparedMerge, stage: PipelineStep, chunk: Chunk) -> dict[str, Tensor]:
    return read_statistics(prepared.plan, chunk, prepared.device) if stage is prepared.method else {}


def settings(prepared: PreparedMerge, stage: PipelineStep, key: str) -> dict[str, Any]:
    """The knobs of a stage for one tensor and what its surveys found so far."""
    found = stage.knobs(key)
    for name, mark in stage.surveyed.items():
        if name in stage.surveys:
            found[name] = stage.surveys[name].value(found)
        elif name in stage.local:
            found[name] = _found(prepared, stage, key, name, mark, dict(found))
    return found


def cached_deltas(prepared: PreparedMerge, chunk: Chunk) -> Tensor:
    """Every expert minus the base, float32 (n_models, *shape); not to be changed in place."""
    if chunk.key in prepared.kept:
        return chunk.of(prepared.kept[chunk.key])
    values = read_deltas(prepared.plan, chunk, prepared.device)
    if prepared.keeps:
        prepared.kept[chunk.key] = values
    return values


def sparsified_deltas(prepared: PreparedMerge, chunk: Chunk, until: PipelineStep | None = None) -> Tensor:
    """The deltas after every step before `until`."""
    values = cached_deltas(prepared, chunk)
    for stage in prepared.steps:
        if stage is until:
            break
        found = settings(prepared, stage, chunk.key)
        values = apply(prepared, stage, chunk, Stack(chunk.key, values, {}, found))
    return values


def apply(prepared: PreparedMerge, stage: PipelineStep, chunk: Chunk, stack: Stack) -> Tensor:
    """What the stage's rule makes of a stack."""
    return stage.rule.function(stack.values, **arguments_for(prepared, stage, chunk, stack))


def arguments_for(prepared: PreparedMerge, stage: PipelineStep, chunk: Chunk, stack: Stack) -> dict[str, Any]:
    """Everything that the stage's rule is given beside the values of a stack."""
    arguments = dict(stack.settings)
    for name, mark in stage.rule.inputs.items():
        if not isinstance(mark, ModelStatistic):
            arguments[name] = _input(prepared, mark, chunk, stack)
    return {
        name: value.to(prepared.device) if isinstance(value, Tensor) else value for name, value in arguments.items()
    }


def _values(prepared: PreparedMerge, stage: PipelineStep, chunk: Chunk) -> Tensor:
    if stage is not prepared.method or stage.rule.space == "deltas":
        return sparsified_deltas(prepared, chunk, stage)
    if prepared.steps:
        return read_base(prepared.plan, chunk, prepared.device) + sparsified_deltas(prepared, chunk)
    return read_experts(prepared.plan, chunk, prepared.device)


def _survey(prepared: PreparedMerge, stage: PipelineStep) -> ProgressGen[None]:
    """Run the stage's surveys of the whole model; those of single tensors wait until their tensor is at hand."""
    keys, n_models = prepared.plan.keys, len(prepared.plan.experts)
    for name, mark in stage.surveyed.items() if keys else ():
        survey = mark.start(n_models, [stage.knobs(key) for key in keys])
        if survey.scope == "tensor":
            stage.local.add(name)
            continue
        together = visits(prepared, stage)
        while survey.passes:
            seen = 0
            shown = in_order(partial(_visit, prepared, stage, survey), together, prepared.threads, lambda _: 0)
            for visit, _ in zip(together, shown, strict=True):
                seen += len(visit)
                yield Progress(f"Surveying for {stage.rule.title}", seen, len(keys), visit[-1])
            survey.finish_pass()
        stage.surveys[name] = survey


def _visit(prepared: PreparedMerge, stage: PipelineStep, survey: Survey, visit: Visit) -> None:
    """Show a survey one tensor, or several small ones as one."""
    keys = tuple(key for key in visit if key not in stage.idle)
    if len(keys) > 1 and _show_joined(prepared, stage, survey, keys):
        return
    for key in keys:
        _show(prepared, stage, survey, key)


def _show_joined(prepared: PreparedMerge, stage: PipelineStep, survey: Survey, keys: Visit) -> bool:
    """`_show` for small tensors, as one stack: whether a kernel could take them."""
    stack = joined_for(prepared, stage, keys, settings(prepared, stage, keys[0]))
    try:
        survey.update(stack)
    except KernelUnsupportedError:
        return False
    if stage.rule.space == "deltas":
        stage.idle.update(key for key, moved in stack.moved().items() if not moved)
    return True


def _show(
    prepared: PreparedMerge, stage: PipelineStep, survey: Survey, key: str, found: Mapping[str, Any] | None = None
) -> None:
    """Show a tensor to a survey and notice whether any expert moved it."""
    if key in stage.idle:
        return
    moved, found = False, settings(prepared, stage, key) if found is None else found
    for chunk in chunks(prepared.plan, key, prepared.stretch):
        stack = stack_for(prepared, stage, chunk, found)
        try:
            survey.update(stack)
        except KernelUnsupportedError:
            survey.update(plain_stack(prepared, stage, chunk, found))
        moved = moved or stack.any()
    if stage.rule.space == "deltas" and not moved:
        stage.idle.add(key)


def _found(
    prepared: PreparedMerge, stage: PipelineStep, key: str, name: str, mark: ModelStatistic, found: dict[str, Any]
) -> Any:
    """What the survey of a single tensor found, done when first asked for."""
    kept = stage.found.setdefault(key, {})
    if name not in kept:
        survey = mark.start(len(prepared.plan.experts), [found])
        while survey.passes:
            _show(prepared, stage, survey, key, found)
            survey.finish_pass()
        kept[name] = _kept(survey.value(found))
    return kept[name]()


def _kept(result: Any) -> Callable[[], Any]:
    """What gives a result again. Tensors are kept as numbers: small ones between large buffers that come and go would
    keep the allocator from using those buffers' memory again."""
    if isinstance(result, Tensor):
        return partial(torch.tensor, result.tolist(), dtype=result.dtype)
    return lambda: result


def _input(prepared: PreparedMerge, mark: object, chunk: Chunk, stack: Stack) -> Any:
    match mark:
        case Statistic():
            return stack.statistics.get(mark.kind)
        case Position():
            return torch.tensor(prepared.plan.positions)
        case Key():
            return chunk.key
        case Base():
            return read_base(prepared.plan, chunk, prepared.device)
        case Log():
            return prepared.said.setdefault(chunk.key, []).append
        case RandomBits():
            return read_draws(prepared.plan, chunk)
    raise TypeError(f"no input for the mark {mark!r}")
