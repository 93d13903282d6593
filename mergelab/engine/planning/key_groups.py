"""Groups small tensors that a kernel takes as one: starting a kernel on each of them would take longer than its work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from mergelab.engine.planning.number_formats import Formats, kernel_formats
from mergelab.engine.planning.pipeline import PipelineStep
from mergelab.engine.prepared_merge import PreparedMerge
from mergelab.methods.registry import Log, ModelStatistic, Position

SMALL = 1 << 14
"""Maximum entries of a small tensor."""
GROUP = 1 << 17
"""Maximum entries of a group. It also has no more than the largest tensor, for which the memory budget has room."""

KeyGroup = tuple[str, ...]
"""Keys of tensors that are processed together."""


def key_groups(prepared: PreparedMerge, step: PipelineStep) -> list[KeyGroup]:
    """All merged tensors. Small ones are grouped where kernels read them and the step, as well as the steps before it,
    treats all tensors alike; the others are groups of one."""
    keys, specs = prepared.plan.keys, prepared.plan.base.specs
    small = [key for key in keys if specs[key].count <= SMALL] if _treats_all_alike(prepared, step) else []
    kinds: defaultdict[Formats | None, list[str]] = defaultdict(list)
    for key in small:
        kinds[kernel_formats(prepared.plan, key)].append(key)
    kinds.pop(None, None)
    groups = [group for kind in kinds.values() for group in _cut(prepared, kind)]
    apart = set(keys).difference(*groups)
    return [*groups, *((key,) for key in keys if key in apart)]


def _treats_all_alike(prepared: PreparedMerge, step: PipelineStep) -> bool:
    """Whether neither the settings nor the inputs of the step, and of the steps before it, depend on the tensor."""
    last, schedule = step.owner == "method", prepared.schedule
    if not schedule.kernel_keys or prepared.plan.recipe.overrides or (last and not schedule.kernels_merge):
        return False
    if prepared.plan.unweighted:
        return False
    steps = (*prepared.steps, step) if last else (step,)
    marks = [mark for each in steps for mark in each.rule.inputs.values()]
    per_tensor = any(each.findings.per_tensor for each in steps)
    return not per_tensor and all(isinstance(mark, ModelStatistic | Position | Log) for mark in marks)


def _cut(prepared: PreparedMerge, keys: Sequence[str]) -> Iterator[KeyGroup]:
    """The keys, cut into groups of as many entries as may be processed together."""
    specs = prepared.plan.base.specs
    longest = min(GROUP, max(spec.count for spec in specs.values()))
    group: list[str] = []
    left = longest
    for key in keys:
        if specs[key].count > left:
            yield tuple(group)
            group, left = [], longest
        group.append(key)
        left -= specs[key].count
    yield tuple(group)
