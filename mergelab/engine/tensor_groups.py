"""Which small tensors a kernel takes as one: getting it ready for one of them takes longer than its work on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from mergelab.engine.kernel_dispatch import Formats, formats
from mergelab.engine.pipeline import PipelineStep, PreparedMerge
from mergelab.methods.registry import ModelStatistic, Position

SMALL = 1 << 14
"""Entries up to which a tensor is small."""
TOGETHER = 1 << 17
"""Entries of tensors taken as one at most; and never more than the largest tensor has, for which `room` has space."""

Visit = tuple[str, ...]
"""Tensors that are looked at as one."""


def visits(prepared: PreparedMerge, stage: PipelineStep) -> list[Visit]:
    """All tensors that are merged, small ones together where the stage and what comes before it do not tell tensors
    apart and the kernels read them."""
    keys = prepared.plan.keys
    small = [key for key in keys if prepared.plan.base.specs[key].count <= SMALL] if _is_joint(prepared, stage) else []
    kinds: defaultdict[Formats | None, list[str]] = defaultdict(list)
    for key in small:
        kinds[formats(prepared.plan, key)].append(key)
    kinds.pop(None, None)
    joined = [visit for kind in kinds.values() for visit in _cut(prepared, kind)]
    apart = set(keys).difference(*joined)
    return [*joined, *((key,) for key in keys if key in apart)]


def _is_joint(prepared: PreparedMerge, stage: PipelineStep) -> bool:
    """Whether neither the settings nor the inputs of the stage and of what comes before it depend on the tensor."""
    last = stage is prepared.method
    if not prepared.fuses or prepared.plan.recipe.overrides or (last and not prepared.fused_merge):
        return False
    stages = (*prepared.steps, stage) if last else (stage,)
    marks = [mark for each in stages for mark in each.rule.inputs.values()]
    return not any(each.local for each in stages) and all(isinstance(mark, ModelStatistic | Position) for mark in marks)


def _cut(prepared: PreparedMerge, keys: Sequence[str]) -> Iterator[Visit]:
    """The keys in runs of as many entries as may be taken as one."""
    longest = min(TOGETHER, max(spec.count for spec in prepared.plan.base.specs.values()))
    run: list[str] = []
    room = longest
    for key in keys:
        count = prepared.plan.base.specs[key].count
        if count > room:
            yield tuple(run)
            run, room = [], longest
        run.append(key)
        room -= count
    yield tuple(run)
