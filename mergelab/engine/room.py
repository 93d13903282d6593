"""How many tensors may be worked on at once, so that a merge from files stays within the memory that is promised."""

from __future__ import annotations

from mergelab.engine.plan import Plan

FACTOR, SLACK = 6, 64 << 20
"""A merge takes at most so many times its largest tensor in float32, and so many bytes beside it."""
RESERVE = 24 << 20
"""Part of the slack for what belongs to no tensor: threads, counts, what the allocator cannot give back at once."""


def affordable(plan: Plan, stretch: int) -> int:
    """How many threads may each hold a merged tensor and a stretch of every model; two more tensors wait or are written."""
    merged = max(plan.spec(key).nbytes for key in plan.base.specs)
    largest = max(spec.count for spec in plan.base.specs.values())
    models = [plan.base, *plan.experts]
    stored = max(spec.dtype.itemsize for model in models for spec in model.specs.values())
    room = FACTOR * 4 * largest + SLACK - RESERVE - 2 * merged
    return max(1, room // (merged + min(stretch, largest) * len(models) * stored))
