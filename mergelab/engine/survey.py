"""Surveys: the passes over the model after which every tensor stands on its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from mergelab.engine.inputs import Piece, pieces, read_base, read_deltas, read_draws, read_experts, read_statistics
from mergelab.engine.kernel_dispatch import joined_stack, stored_stack
from mergelab.engine.pipeline import Settled, Stage
from mergelab.engine.plan import Plan
from mergelab.engine.tensor_groups import Visit, visits
from mergelab.engine.threads import in_order
from mergelab.kernels.device_stack import Stored
from mergelab.methods.ops.stack import UnfitError
from mergelab.methods.registry import Base, Draws, Key, Position, Say, Stack, Statistic, Survey, Surveyed
from mergelab.runtime.progress import Progress, Steps


def settle(plan: Plan, device: str = "cpu") -> Steps[Settled]:
    """Do the surveys that the recipe's rules ask for; afterwards every tensor stands on its own."""
    settled = yield from settle_steps(plan, device)
    return (yield from settle_method(settled))


def settle_steps(plan: Plan, device: str = "cpu") -> Steps[Settled]:
    """Do the surveys of what comes before the method: enough for sparse deltas, before the method's statistics exist."""
    settled = Settled.unsurveyed(plan, device)
    for stage in settled.steps:
        yield from _survey(settled, stage)
    return settled


def settle_method(settled: Settled) -> Steps[Settled]:
    """Do the surveys of the method, those of what comes before it being done."""
    yield from _survey(settled, settled.method)
    return settled


def stack_for(settled: Settled, stage: Stage, piece: Piece, found: Mapping[str, Any]) -> Stack:
    """What a stage with the settings `found` gets to see of a piece, for a kernel if one can read it."""
    return stored_for(settled, stage, piece, found) or plain_stack(settled, stage, piece, found)


def stored_for(settled: Settled, stage: Stage, piece: Piece, found: Mapping[str, Any]) -> Stored | None:
    """The piece as it is stored, where a kernel can do all that comes before the stage."""
    if not settled.fuses or (stage.rule.space == "weights" and settled.steps):
        return None
    step, statistics = _step_before(settled, stage, piece.key), _statistics(settled, stage, piece)
    return stored_stack(settled, piece, found, step, lambda: _values(settled, stage, piece), statistics)


def joined_for(settled: Settled, stage: Stage, keys: Visit, found: Mapping[str, Any]) -> Stored:
    """The same of small tensors that the stage looks at as one, `found` being the settings of all."""
    return joined_stack(settled, keys, found, _step_before(settled, stage, keys[0]))


def _step_before(settled: Settled, stage: Stage, key: str) -> dict[str, Any]:
    """The settings of the step whose work a kernel does before the stage's; none where there is no such step."""
    return settings(settled, settled.steps[0], key) if settled.steps and stage is settled.method else {}


def plain_stack(settled: Settled, stage: Stage, piece: Piece, found: Mapping[str, Any]) -> Stack:
    """The deltas that the stages before it leave, or the models' weights, in float32, for the reference functions."""
    return Stack(
        piece.key, _values(settled, stage, piece), _statistics(settled, stage, piece), found, piece.stop is None
    )


def _statistics(settled: Settled, stage: Stage, piece: Piece) -> dict[str, Tensor]:
    return read_statistics(settled.plan, piece, settled.device) if stage is settled.method else {}


def settings(settled: Settled, stage: Stage, key: str) -> dict[str, Any]:
    """The knobs of a stage for one tensor and what its surveys found so far."""
    found = stage.knobs(key)
    for name, mark in stage.surveyed.items():
        if name in stage.surveys:
            found[name] = stage.surveys[name].result(found)
        elif name in stage.local:
            found[name] = _found(settled, stage, key, name, mark, dict(found))
    return found


def kept_or_read(settled: Settled, piece: Piece) -> Tensor:
    """Every expert minus the base, float32 (n_models, *shape); not to be changed in place."""
    if piece.key in settled.kept:
        return piece.of(settled.kept[piece.key])
    values = read_deltas(settled.plan, piece, settled.device)
    if settled.keeps:
        settled.kept[piece.key] = values
    return values


def stepped_deltas(settled: Settled, piece: Piece, until: Stage | None = None) -> Tensor:
    """The deltas after every step before `until`."""
    values = kept_or_read(settled, piece)
    for stage in settled.steps:
        if stage is until:
            break
        found = settings(settled, stage, piece.key)
        values = apply(settled, stage, piece, Stack(piece.key, values, {}, found))
    return values


def apply(settled: Settled, stage: Stage, piece: Piece, stack: Stack) -> Tensor:
    """What the stage's rule makes of a stack."""
    return stage.rule.function(stack.values, **arguments_for(settled, stage, piece, stack))


def arguments_for(settled: Settled, stage: Stage, piece: Piece, stack: Stack) -> dict[str, Any]:
    """Everything that the stage's rule is given beside the values of a stack."""
    arguments = dict(stack.settings)
    for name, mark in stage.rule.inputs.items():
        if not isinstance(mark, Surveyed):
            arguments[name] = _input(settled, mark, piece, stack)
    return {name: value.to(settled.device) if isinstance(value, Tensor) else value for name, value in arguments.items()}


def _values(settled: Settled, stage: Stage, piece: Piece) -> Tensor:
    if stage is not settled.method or stage.rule.space == "deltas":
        return stepped_deltas(settled, piece, stage)
    if settled.steps:
        return read_base(settled.plan, piece, settled.device) + stepped_deltas(settled, piece)
    return read_experts(settled.plan, piece, settled.device)


def _survey(settled: Settled, stage: Stage) -> Steps[None]:
    """Run the stage's surveys of the whole model; those of single tensors wait until their tensor is at hand."""
    keys, n_models = settled.plan.keys, len(settled.plan.experts)
    for name, mark in stage.surveyed.items() if keys else ():
        survey = mark.start(n_models, [stage.knobs(key) for key in keys])
        if survey.scope == "tensor":
            stage.local.add(name)
            continue
        together = visits(settled, stage)
        while survey.passes:
            seen = 0
            shown = in_order(partial(_visit, settled, stage, survey), together, settled.threads, lambda _: 0)
            for visit, _ in zip(together, shown, strict=True):
                seen += len(visit)
                yield Progress(f"Surveying for {stage.rule.title}", seen, len(keys), visit[-1])
            survey.turn()
        stage.surveys[name] = survey


def _visit(settled: Settled, stage: Stage, survey: Survey, visit: Visit) -> None:
    """Show a survey one tensor, or several small ones as one."""
    keys = tuple(key for key in visit if key not in stage.idle)
    if len(keys) > 1 and _show_joined(settled, stage, survey, keys):
        return
    for key in keys:
        _show(settled, stage, survey, key)


def _show_joined(settled: Settled, stage: Stage, survey: Survey, keys: Visit) -> bool:
    """`_show` for small tensors, as one stack: whether a kernel could take them."""
    stack = joined_for(settled, stage, keys, settings(settled, stage, keys[0]))
    try:
        survey.see(stack)
    except UnfitError:
        return False
    if stage.rule.space == "deltas":
        stage.idle.update(key for key, moved in stack.moved().items() if not moved)
    return True


def _show(settled: Settled, stage: Stage, survey: Survey, key: str, found: Mapping[str, Any] | None = None) -> None:
    """Show a tensor to a survey and notice whether any expert moved it."""
    if key in stage.idle:
        return
    moved, found = False, settings(settled, stage, key) if found is None else found
    for piece in pieces(settled.plan, key, settled.stretch):
        stack = stack_for(settled, stage, piece, found)
        try:
            survey.see(stack)
        except UnfitError:
            survey.see(plain_stack(settled, stage, piece, found))
        moved = moved or stack.any()
    if stage.rule.space == "deltas" and not moved:
        stage.idle.add(key)


def _found(settled: Settled, stage: Stage, key: str, name: str, mark: Surveyed, found: dict[str, Any]) -> Any:
    """What the survey of a single tensor found, done when first asked for."""
    kept = stage.found.setdefault(key, {})
    if name not in kept:
        survey = mark.start(len(settled.plan.experts), [found])
        while survey.passes:
            _show(settled, stage, survey, key, found)
            survey.turn()
        kept[name] = _kept(survey.result(found))
    return kept[name]()


def _kept(result: Any) -> Callable[[], Any]:
    """What gives a result again. Tensors are kept as numbers: small ones between large buffers that come and go would
    keep the allocator from using those buffers' memory again."""
    if isinstance(result, Tensor):
        return partial(torch.tensor, result.tolist(), dtype=result.dtype)
    return lambda: result


def _input(settled: Settled, mark: object, piece: Piece, stack: Stack) -> Any:
    match mark:
        case Statistic():
            return stack.statistics.get(mark.kind)
        case Position():
            return torch.tensor(settled.plan.positions)
        case Key():
            return piece.key
        case Base():
            return read_base(settled.plan, piece, settled.device)
        case Say():
            return settled.said.setdefault(piece.key, []).append
        case Draws():
            return read_draws(settled.plan, piece)
    raise TypeError(f"no input for the mark {mark!r}")
