from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_states import merge, merged_numbers, random_state, tuned

from mergelab.methods.sce import sce


def said(deltas: list[list[float]], **knobs: float) -> list[str]:
    remarks: list[str] = []
    sce(torch.tensor(deltas), say=remarks.append, **knobs)
    return remarks


def test_shares_are_the_energies_and_what_disagrees_is_erased() -> None:
    # Energies 25 and 5 of 30; the first entry elects plus and takes the first expert alone.
    merged = merged_numbers("sce", [5.0, 0.0, 5.0], [-1.0, 0.0, 3.0])
    assert merged == pytest.approx([5.0, 0.0, (50 * 5 + 10 * 3) / 60])


def test_cancelled_votes_elect_plus() -> None:
    assert merged_numbers("sce", [2.0, 1.0], [-2.0, 1.0]) == [2.0, 1.0]


def test_a_density_keeps_the_entries_in_which_the_experts_differ_most() -> None:
    # Three entries differ; 0.4 of them is one: the last. The energies are then 16 and 4.
    merged = merged_numbers({"name": "sce", "density": 0.4}, [9.0, 1.0, 2.0, 4.0], [9.0, 2.0, 1.0, -2.0])
    assert merged == [0.0, 0.0, 0.0, 4.0]


def test_equal_variances_are_kept_together() -> None:
    assert merged_numbers({"name": "sce", "density": 0.5}, [1.0, 1.0, 3.0], [3.0, 3.0, 4.0]) == pytest.approx(
        [2.8, 2.8, 0.0]
    )


def test_one_expert_is_kept_whole_at_density_one_and_given_up_below() -> None:
    assert merged_numbers("sce", [3.0, -1.0], base=[1.0, 1.0]) == [3.0, -1.0]
    assert merged_numbers({"name": "sce", "density": 0.99}, [3.0, -1.0], base=[1.0, 1.0]) == [1.0, 1.0]


def test_a_density_that_keeps_nothing_is_said() -> None:
    assert said([[1.0, 5.0], [2.0, 5.0]], density=0.4) == [
        "no weight is kept: 0.4 of the weights where experts differ (1) is less than one"
    ]
    assert said([[1.0, 5.0], [2.0, 5.0]], density=0.0) == []
    assert said([[0.0, 0.0], [0.0, 0.0]], density=0.4) == []


def test_small_energies_count_as_equal_which_is_said_unless_the_floor_is_lower() -> None:
    deltas = [[3e-4], [1e-4]]
    assert float(sce(torch.tensor(deltas))) == pytest.approx(2e-4)
    assert float(sce(torch.tensor(deltas), floor=0.0)) == pytest.approx(2.8e-4)
    assert said(deltas) == ["all experts weigh the same, because their energies sum to only 1e-07"]
    assert said(deltas, floor=0.0) == []
    assert said([[0.0], [0.0]]) == []


@settings(max_examples=20)
@given(st.integers(1, 5), st.floats(0.5, 2.0))
def test_experts_of_equal_energy_that_agree_in_sign_are_averaged(count: int, size: float) -> None:
    steps = size * torch.arange(1.0, 7.0)
    deltas = torch.stack([steps.roll(place) for place in range(count)])
    torch.testing.assert_close(sce(deltas), deltas.mean(0))


def test_equal_experts_come_back() -> None:
    base = random_state(0)
    expert = tuned(base, 1)["a"]
    merged = merge("sce", {name: {k: v.clone() for k, v in expert.items()} for name in "abc"}, base)
    assert all(torch.allclose(merged[key], expert[key], atol=1e-6) for key in base)
