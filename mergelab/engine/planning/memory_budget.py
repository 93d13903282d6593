"""Chooses chunk size and thread count to stay within the memory budget."""

from __future__ import annotations

from mergelab.engine.planning.plan import Plan

FACTOR, SLACK = 6, 64 << 20
"""A merge uses at most FACTOR times its largest tensor in the dtype of its arithmetic, plus SLACK bytes. Where models are merges
themselves (`engine.nesting`), each of these adds as much, and its whole result if that has at most 64 MB."""
RESERVE = 24 << 20
"""Part of the slack for memory that belongs to no tensor: threads, counts, fragmentation in the allocator."""
WAITING = 2
"""Merged tensors that are being written or wait for it, besides those in progress."""


def chunk_plan(plan: Plan, threads: int, longest: int, shortest: int) -> tuple[int, int]:
    """Threads, at most `threads`, and entries per chunk, from `shortest` to `longest`.

    Each thread holds a merged tensor and a chunk of every model. Where memory is short there are fewer threads before
    there are chunks shorter than `shortest`, and always one thread.
    """
    merged = max(spec.nbytes for spec in plan.specs.values())
    largest = max(spec.count for spec in plan.base.specs.values())
    width = max(dtype.itemsize for dtype in plan.arithmetic.values())
    models = [plan.base, *plan.experts]
    entry = len(models) * max(spec.dtype.itemsize for model in models for spec in model.specs.values())
    entry += width * (len(models) + 1) if plan.by_row else 0  # deltas, zeros in place of the base, merged change
    budget = FACTOR * width * largest + SLACK - RESERVE - WAITING * merged
    least = min(shortest, largest) * entry
    threads = max(1, min(threads, budget // (merged + least)))
    return threads, max(shortest, min(longest, (budget // threads - merged) // entry))
