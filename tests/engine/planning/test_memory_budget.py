"""Threads and stretches are as many and as long as the promised memory allows."""

from __future__ import annotations

import pytest
import torch
from tiny_states import plan_for

from mergelab.engine.planning.memory_budget import FACTOR, RESERVE, SLACK, WAITING, chunk_plan
from mergelab.engine.planning.plan import Plan

LONGEST, SHORTEST = 8 << 20, 1 << 20


def planned(count: int, dtype: torch.dtype, experts: int = 2, **fields: object) -> Plan:
    """A plan of models with one tensor, whose entries all share one number in memory; `fields` are the recipe's."""
    names = "abcdefgh"[:experts]
    base = {"w": torch.zeros((), dtype=dtype).expand(count)}
    models = {name: {"w": torch.full((), place + 1.0, dtype=dtype).expand(count)} for place, name in enumerate(names)}
    return plan_for({"method": "average", **fields}, models, base)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("count", [2, 10**5, 10**7, 10**9])
@pytest.mark.parametrize("threads", [1, 2, 16])
def test_everything_held_at_once_stays_within_the_promise(count: int, dtype: torch.dtype, threads: int) -> None:
    given, stretch = chunk_plan(planned(count, dtype), threads, LONGEST, SHORTEST)
    merged, chunk = count * dtype.itemsize, 3 * min(stretch, count) * dtype.itemsize
    assert 1 <= given <= threads and SHORTEST <= stretch <= LONGEST
    assert given * (merged + chunk) + WAITING * merged <= FACTOR * max(4, dtype.itemsize) * count + SLACK - RESERVE


def test_a_large_model_has_fewer_threads_than_wanted_and_a_small_one_all() -> None:
    assert chunk_plan(planned(10**9, torch.float32), 16, LONGEST, SHORTEST)[0] == 3
    assert chunk_plan(planned(10**5, torch.float32), 16, LONGEST, SHORTEST)[0] == 16


def test_stretches_are_as_long_as_the_room_for_all_threads_allows() -> None:
    assert chunk_plan(planned(10**7, torch.bfloat16), 2, LONGEST, SHORTEST)[1] == LONGEST
    assert SHORTEST < chunk_plan(planned(10**7, torch.float32), 2, LONGEST, SHORTEST)[1] < LONGEST


def test_one_thread_remains_however_little_room_there_is() -> None:
    assert chunk_plan(planned(10**7, torch.float32, experts=8), 4, LONGEST, LONGEST)[0] == 1


def test_deltas_that_are_worked_out_first_count_as_well() -> None:
    plan = planned(10**9, torch.bfloat16, sparsify="della")
    given, stretch = chunk_plan(plan, 16, SHORTEST, SHORTEST)
    merged, chunk, ready = 2 * 10**9, 3 * 2 * stretch, (2 + 2) * 4 * stretch
    room = FACTOR * 4 * 10**9 + SLACK - RESERVE - WAITING * merged
    assert given * (merged + chunk + ready) <= room < (given + 1) * (merged + chunk + ready)
