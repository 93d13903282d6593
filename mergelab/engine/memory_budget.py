"""How long stretches may be, and how many tensors worked on at once, so that a merge from files stays within the memory
that is promised."""

from __future__ import annotations

from mergelab.engine.plan import Plan

FACTOR, SLACK = 6, 64 << 20
"""A merge takes at most so many times its largest tensor in float32, and so many bytes beside it."""
RESERVE = 24 << 20
"""Part of the slack for what belongs to no tensor: threads, counts, what the allocator cannot give back at once."""
WAITING = 2
"""Merged tensors that are written or wait for it, beside those that are worked on."""


def chunk_plan(plan: Plan, threads: int, longest: int, shortest: int) -> tuple[int, int]:
    """Threads, at most `threads`, and entries of a stretch, from `shortest` to `longest`.

    Each thread holds a merged tensor and a stretch of every model. There are rather fewer threads than stretches shorter
    than `shortest`, and one thread however little room there is.
    """
    merged = max(plan.spec(key).nbytes for key in plan.base.specs)
    largest = max(spec.count for spec in plan.base.specs.values())
    models = [plan.base, *plan.experts]
    entry = len(models) * max(spec.dtype.itemsize for model in models for spec in model.specs.values())
    entry += 4 * (len(models) + 1) if plan.by_row else 0  # the deltas, zeros in the base's place, the merged change
    room = FACTOR * 4 * largest + SLACK - RESERVE - WAITING * merged
    least = min(shortest, largest) * entry
    threads = max(1, min(threads, room // (merged + least)))
    return threads, max(shortest, min(longest, (room // threads - merged) // entry))
