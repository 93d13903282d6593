"""How many tensors may be worked on at once, so that a merge from files stays within the memory that is promised."""

from __future__ import annotations

from mergelab.engine.plan import Plan

FACTOR, SLACK = 6, 64 << 20
"""A merge takes at most so many times its largest tensor in float32, and so many bytes beside it."""
RESERVE = 24 << 20
"""Part of the slack for what belongs to no tensor: threads, counts, what the allocator cannot give back at once."""
TEMPORARIES = 4
"""float32 copies of each model that the reference functions make of a stretch."""


def affordable(plan: Plan, stretch: int, fused: bool) -> int:
    """How many threads may each hold a merged tensor and a stretch of every model; two more tensors wait or are written."""
    merged = max(plan.spec(key).nbytes for key in plan.keys)
    largest = max(plan.base.specs[key].count for key in plan.keys)
    models = [plan.base, *plan.experts]
    stored = max(spec.dtype.itemsize for model in models for spec in model.specs.values())
    each = len(models) * (stored if fused else stored + 4 * TEMPORARIES)
    room = FACTOR * 4 * largest + SLACK - RESERVE - 2 * merged
    return max(1, room // (merged + min(stretch, largest) * each))
