"""Every step of TIES on entries that can be worked out by hand; the base is zero, so models are their deltas."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny_states import merge, merged_numbers, random_state, same_bits, tuned

from mergelab.methods.ties import ties

ALL: dict[str, Any] = {"name": "ties", "density": 1.0}


def test_the_model_scope_ranks_over_all_tensors_and_the_tensor_scope_inside_each() -> None:
    models = {"a": {"big": torch.tensor([4.0, 3.0]), "small": torch.tensor([2.0, 1.0])}}
    base = {"big": torch.zeros(2), "small": torch.zeros(2)}
    over_all = merge({"name": "ties", "density": 0.5, "scope": "model"}, models, base)
    inside = merge({"name": "ties", "density": 0.5, "scope": "tensor"}, models, base)
    assert [over_all[key].tolist() for key in base] == [[4.0, 3.0], [0.0, 0.0]]
    assert [inside[key].tolist() for key in base] == [[4.0, 0.0], [2.0, 0.0]]


def test_each_expert_is_trimmed_by_its_own_magnitudes() -> None:
    assert merged_numbers({"name": "ties", "density": 0.25}, [9.0, 8.0, 7.0, 6.0], [0.1, 0.2, 0.3, 0.4]) == [
        9.0,
        0.0,
        0.0,
        pytest.approx(0.4),
    ]


def test_frozen_tensors_do_not_dilute_the_density() -> None:
    models = {"a": {"w": torch.tensor([4.0, 3.0, 2.0, 1.0]), "frozen": torch.ones(96)}}
    base = {"w": torch.zeros(4), "frozen": torch.ones(96)}
    assert merge({"name": "ties", "density": 0.5}, models, base)["w"].tolist() == [4.0, 3.0, 0.0, 0.0]


def test_a_density_of_zero_returns_the_base() -> None:
    base = random_state(0)
    assert same_bits(merge({"name": "ties", "density": 0.0}, tuned(base), base), base)


def test_one_expert_at_density_one_is_the_base_plus_its_scaled_delta() -> None:
    base = random_state(0)
    models = tuned(base, 1)
    merged = merge({**ALL, "scale": 0.5}, models, base)
    expected = {key: base[key] + 0.5 * (models["a"][key] - base[key]) for key in base}
    assert same_bits(merged, expected)


def test_mass_and_count_elect_different_winners() -> None:
    assert merged_numbers(ALL, [5.0], [-2.0], [-2.0]) == [5.0]
    assert merged_numbers({**ALL, "elect": "count"}, [5.0], [-2.0], [-2.0]) == [-2.0]


def test_only_experts_that_agree_with_the_sign_are_averaged() -> None:
    assert merged_numbers(ALL, [1.0], [3.0], [-1.0]) == [2.0]


def test_an_expert_that_does_not_change_an_entry_is_not_averaged_in() -> None:
    assert merged_numbers(ALL, [4.0, 1.0], [0.0, 1.0]) == [4.0, 1.0]


@pytest.mark.parametrize(("combine", "value"), [("mean", 2.0), ("sum", 4.0), ("max", 3.0)])
def test_agreeing_deltas_become_one_by_mean_sum_or_largest(combine: str, value: float) -> None:
    assert merged_numbers({**ALL, "combine": combine}, [1.0], [3.0], [-1.0]) == [value]


def test_the_largest_of_negative_deltas_is_the_most_negative() -> None:
    assert merged_numbers({**ALL, "combine": "max"}, [-1.0], [-3.0], [1.0]) == [-3.0]


def test_weights_may_decide_the_election_or_come_after_it() -> None:
    assert merged_numbers({**ALL, "weigh": "before"}, [2.0], [-1.0], weights=[0.5, 2.0]) == [-2.0]
    assert merged_numbers({**ALL, "weigh": "after"}, [2.0], [-1.0], weights=[0.5, 2.0]) == [1.0]


def test_a_mean_divides_by_the_number_of_experts_or_by_their_weights() -> None:
    weights = [0.5, 1.5]
    assert merged_numbers({**ALL, "divide": "count"}, [2.0], [6.0], weights=weights) == [5.0]
    assert merged_numbers({**ALL, "divide": "weights"}, [2.0], [6.0], weights=weights) == [5.0]
    assert merged_numbers({**ALL, "divide": "weights"}, [2.0], [6.0], [0.0], weights=[1.0, 2.0, 1.0]) == [
        pytest.approx(14 / 3)
    ]


def test_weights_that_cancel_divide_to_nothing() -> None:
    knobs = {**ALL, "divide": "weights", "weigh": "after"}
    assert merged_numbers(knobs, [2.0], [6.0], weights=[1.0, -1.0]) == [0.0]


def test_a_weight_of_zero_takes_no_part() -> None:
    assert merged_numbers(ALL, [2.0], [6.0], weights=[0.0, 1.0]) == [6.0]


@pytest.mark.parametrize(("zero_sign", "value"), [("majority", 1.0), ("positive", 1.0), ("zero", 0.0)])
def test_cancelled_votes_take_the_sign_of_a_positive_majority(zero_sign: str, value: float) -> None:
    assert merged_numbers({**ALL, "zero_sign": zero_sign}, [1.0, 3.0], [-1.0, 3.0])[0] == value


@pytest.mark.parametrize(("zero_sign", "value"), [("majority", -1.0), ("positive", 1.0), ("zero", 0.0)])
def test_cancelled_votes_take_the_sign_of_a_negative_majority(zero_sign: str, value: float) -> None:
    assert merged_numbers({**ALL, "zero_sign": zero_sign}, [1.0, -3.0], [-1.0, -3.0])[0] == value


def test_the_majority_is_that_of_the_whole_model_in_either_scope() -> None:
    base = {"a": torch.zeros(1), "b": torch.zeros(2)}
    models = {
        "x": {"a": torch.tensor([1.0]), "b": torch.tensor([-3.0, -3.0])},
        "y": {"a": torch.tensor([-1.0]), "b": torch.tensor([-3.0, -3.0])},
    }
    for scope in ("model", "tensor"):
        assert merge({**ALL, "scope": scope}, models, base)["a"].tolist() == [-1.0]


def test_a_split_majority_counts_as_negative_but_as_nothing_for_the_largest() -> None:
    models = [1.0, 2.0, -2.0], [-1.0, 2.0, -2.0]
    assert merged_numbers(ALL, *models) == [-1.0, 2.0, -2.0]
    assert merged_numbers({**ALL, "combine": "max"}, *models) == [0.0, 2.0, -2.0]


def test_the_scale_multiplies_the_merged_delta() -> None:
    assert merged_numbers({**ALL, "scale": 0.5}, [1.0], [3.0], base=[10.0]) == [10.0 + 0.5 * (-9.0 - 7.0) / 2]


def test_entries_whose_agreeing_weights_cancel_keep_the_base_with_a_remark() -> None:
    """The weights 0.3 + 0.6 - 0.9 sum to rounding in float32; a delta of -1 at a negative weight agrees with the positive ones."""
    heard: list[str] = []
    deltas, weights = torch.tensor([[1.0, 1.0], [1.0, 1.0], [-1.0, 1.0]]), torch.tensor([0.3, 0.6, -0.9])
    knobs = {"density": 1.0, "divide": "weights", "zero_sign": "positive", "say": heard.append}
    found = ties(deltas, weights=weights, **knobs)
    assert found[0] == 0 and heard[0].startswith(
        "for some weights, the expert weights of the agreeing experts sum to 0"
    )
    ties(deltas, weights=weights.abs(), **knobs)
    assert len(heard) == 1, "weights of one sign cannot cancel"
