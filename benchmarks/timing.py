"""Times of work on a fixed set of cores: CPU and wall seconds, repeated, as medians."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """Seconds that some work took: of processors, all threads together, and on the clock."""

    cpu: float
    wall: float


def pin(threads: int) -> int:
    """Keep this process and its children on so many of the cores that it may use; gives how many that are."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))[:threads]
        os.sched_setaffinity(0, cores)
        threads = len(cores)
    os.environ["OMP_NUM_THREADS"] = str(threads)  # for children; a torch that is loaded already needs set_num_threads
    return threads


def cost(work: Callable[[], object]) -> Cost:
    """What one run takes; its result is dropped outside the measurement."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    taken = Cost(time.process_time() - cpu, time.perf_counter() - wall)
    del result
    return taken


def costs(work: Callable[[], object], repeats: int) -> Cost:
    """The medians of so many runs, after one that does not count."""
    work()
    return median([cost(work) for _ in range(repeats)])


def in_turn(works: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, Cost]:
    """The medians of each work, all of them taking turns."""
    taken: dict[str, list[Cost]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            taken[name].append(cost(work))
    return {name: median(each) for name, each in taken.items()}


def median(found: Iterable[Cost]) -> Cost:
    """CPU and wall seconds each have a median of their own."""
    found = list(found)
    return Cost(statistics.median(each.cpu for each in found), statistics.median(each.wall for each in found))
