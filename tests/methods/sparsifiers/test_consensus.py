from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny_states import merged_numbers, numbers

from mergelab import merge_state_dicts
from mergelab.methods.sparsifiers.consensus import consensus, tall_masks

SUM = {"name": "task_arithmetic", "scale": 1.0}
A, B = [1.0, 1.0, 0.125, 0.0], [1.0, 0.0, 1.0, 0.0]
"""Both need the first entry, one of them the second or the third, nobody the last."""


def summed(*deltas: list[float], **knobs: Any) -> list[float]:
    return merged_numbers(SUM, *deltas, sparsify={"name": "consensus", **knobs})


def test_an_entry_matters_to_an_expert_that_changes_it_more_than_its_share_of_the_others() -> None:
    deltas = torch.tensor([A, B])
    held = tall_masks(deltas, deltas.sum(0), 0.4)
    assert held.tolist() == [[True, True, False, False], [True, False, True, False]]


def test_the_comparison_is_strict() -> None:
    deltas = torch.tensor([[1.0, 1.0], [2.0, 1.75]])
    assert tall_masks(deltas, deltas.sum(0), 0.5)[0].tolist() == [False, True]


@pytest.mark.parametrize(
    ("min_models", "left"), [(1, [2.0, 1.0, 1.125, 0.0]), (2, [2.0, 0.0, 0.0, 0.0]), (3, [0.0, 0.0, 0.0, 0.0])]
)
def test_an_entry_stays_with_all_its_deltas_when_it_matters_to_enough_experts(
    min_models: int, left: list[float]
) -> None:
    assert summed(A, B, min_models=min_models) == left


def test_a_higher_threshold_lets_fewer_entries_matter() -> None:
    assert summed([1.0], [2.0], threshold=0.4) == [3.0]
    assert summed([1.0], [2.0], threshold=0.6) == [0.0]


def test_with_a_threshold_of_zero_every_change_matters() -> None:
    assert summed([1e-3, 0.0], [5.0, 5.0], threshold=0.0) == pytest.approx([5.001, 0.0])


def test_experts_may_have_thresholds_of_their_own() -> None:
    deltas = torch.tensor([[1.0, 2.0], [2.0, 1.0]])
    kept = consensus(deltas, threshold=torch.tensor([0.6, 0.4], dtype=torch.float64))
    assert kept.tolist() == [[0.0, 2.0], [0.0, 1.0]]
    states = {"a": numbers(1.0, 2.0), "b": numbers(2.0, 1.0)}
    entries = [{"model": "a", "threshold": 0.6}, {"model": "b"}]
    recipe = {"models": entries, "method": SUM, "sparsify": "consensus"}
    assert merge_state_dicts(recipe, states, numbers(0.0, 0.0))["w"].tolist() == [0.0, 3.0]


def test_one_number_for_all_and_the_same_number_for_each_give_the_same_masks() -> None:
    deltas = torch.tensor([[1.0, 3.0], [5.0, 5.0]])
    each = torch.tensor([0.2, 0.6], dtype=torch.float64)
    assert torch.equal(tall_masks(deltas, deltas.sum(0), each)[0], tall_masks(deltas, deltas.sum(0), 0.2)[0])


def test_an_expert_without_company_keeps_nothing_unless_one_is_enough() -> None:
    assert summed([1.0, 2.0]) == [0.0, 0.0]
    assert summed([1.0, 0.0], min_models=1) == [1.0, 0.0]


def test_the_multitask_delta_may_come_from_elsewhere() -> None:
    deltas = torch.tensor([[1.0], [1.0]])
    assert tall_masks(deltas, torch.tensor([1.5]), 1.0).tolist() == [[True], [True]]
    assert tall_masks(deltas, torch.tensor([2.0]), 1.0).tolist() == [[False], [False]]
