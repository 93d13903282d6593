"""Which small tensors a kernel takes as one: getting it ready for one of them takes longer than its work on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from mergelab.engine.kernel_dispatch import Formats, formats
from mergelab.engine.pipeline import Settled, Stage
from mergelab.methods.registry import Position, Surveyed

SMALL = 1 << 14
"""Entries up to which a tensor is small."""
TOGETHER = 1 << 17
"""Entries of tensors taken as one at most; and never more than the largest tensor has, for which `room` has space."""

Visit = tuple[str, ...]
"""Tensors that are looked at as one."""


def visits(settled: Settled, stage: Stage) -> list[Visit]:
    """All tensors that are merged, small ones together where the stage and what comes before it do not tell tensors
    apart and the kernels read them."""
    keys = settled.plan.keys
    small = [key for key in keys if settled.plan.base.specs[key].count <= SMALL] if _is_joint(settled, stage) else []
    kinds: defaultdict[Formats | None, list[str]] = defaultdict(list)
    for key in small:
        kinds[formats(settled.plan, key)].append(key)
    kinds.pop(None, None)
    joined = [visit for kind in kinds.values() for visit in _cut(settled, kind)]
    apart = set(keys).difference(*joined)
    return [*joined, *((key,) for key in keys if key in apart)]


def _is_joint(settled: Settled, stage: Stage) -> bool:
    """Whether neither the settings nor the inputs of the stage and of what comes before it depend on the tensor."""
    last = stage is settled.method
    if not settled.fuses or settled.plan.recipe.overrides or (last and not settled.fused_merge):
        return False
    stages = (*settled.steps, stage) if last else (stage,)
    marks = [mark for each in stages for mark in each.rule.inputs.values()]
    return not any(each.local for each in stages) and all(isinstance(mark, Surveyed | Position) for mark in marks)


def _cut(settled: Settled, keys: Sequence[str]) -> Iterator[Visit]:
    """The keys in runs of as many entries as may be taken as one."""
    longest = min(TOGETHER, max(spec.count for spec in settled.plan.base.specs.values()))
    run: list[str] = []
    room = longest
    for key in keys:
        count = settled.plan.base.specs[key].count
        if count > room:
            yield tuple(run)
            run, room = [], longest
        run.append(key)
        room -= count
    yield tuple(run)
