"""Tensors are measured while they pass by, and none is kept."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from health_subjects import BASE, EXPERTS, FIRST, layers
from tiny_states import plan_for

from mergelab.analysis.health import WeightRecord
from mergelab.analysis.health.source_lengths import MOST_ENTRIES, RUNS, runs_of


def test_squared_norms_are_those_of_the_hand() -> None:
    record = WeightRecord(plan_for({"method": "average", "models": ["a", "b", "c"]}, EXPERTS, BASE))
    record.add(FIRST, torch.tensor([[36.0, 48.0]]))
    found = record.lengths[FIRST]
    assert (found.count, found.entries, found.merged, found.change) == (2, 2, 3600.0, 100.0)
    assert found.sources.base == 2500.0
    assert found.sources.experts.tolist() == [3025.0] * 3
    assert found.sources.deltas.tolist() == [25.0] * 3


def test_an_expert_that_is_not_finite_is_named_and_measures_nothing() -> None:
    experts = {**EXPERTS, "c": layers([math.nan, 1.0], [63.0, 84.0])}
    record = WeightRecord(plan_for({"method": "average", "models": ["a", "b", "c"]}, experts, BASE))
    record.add(FIRST, torch.tensor([[36.0, 48.0]]))
    assert record.lengths == record.non_finite == {}
    assert record.broken[FIRST].startswith(f"{FIRST} of c holds 1 values that are NaN or infinite")


@pytest.mark.parametrize("count", [1, MOST_ENTRIES])
def test_tensors_up_to_a_limit_are_measured_in_full(count: int) -> None:
    assert runs_of(count) == (slice(0, count),)


def test_larger_tensors_are_measured_in_runs_from_their_first_entry_to_their_last() -> None:
    runs = runs_of(3 * MOST_ENTRIES)
    assert len(runs) == RUNS
    assert sum(run.stop - run.start for run in runs) == MOST_ENTRIES
    assert (runs[0].start, runs[-1].stop) == (0, 3 * MOST_ENTRIES)
    assert all(before.stop <= after.start for before, after in pairwise(runs))
