from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_states import NAMES, merge, merged_numbers, numbers, random_state, same_bits, tuned

from mergelab.engine import MergeError
from mergelab.methods.fisher import fisher

RAW = {"name": "fisher", "normalize": "none", "floor": 0.0}


def informed(method: dict[str, Any], models: Sequence[list[float]], information: Sequence[list[float]], **options: Any):
    statistics = {"fisher": {name: numbers(*values) for name, values in zip(NAMES, information, strict=False)}}
    return merged_numbers(method, *models, statistics=statistics, **options)


def test_each_entry_leans_to_the_expert_that_depends_on_it() -> None:
    assert informed(RAW, [[0.0, 0.0], [1.0, 1.0]], [[1.0, 2.0], [3.0, 0.0]]) == [0.75, 0.0]


def test_weights_multiply_the_information() -> None:
    assert informed(RAW, [[0.0], [1.0]], [[1.0], [1.0]], weights=[0.5, 1.5]) == [0.75]


def test_the_tensor_norm_makes_experts_equally_loud() -> None:
    loud = [[0.0, 0.0], [1.0, 1.0]], [[3.0, 4.0], [300.0, 400.0]]
    assert informed({**RAW, "normalize": "tensor"}, *loud) == pytest.approx([0.5, 0.5])
    assert informed(RAW, *loud) == pytest.approx([300 / 303, 400 / 404])


def test_the_global_norm_is_taken_over_all_tensors() -> None:
    base = {"u": torch.zeros(1), "v": torch.zeros(1)}
    models = {"a": base, "b": {"u": torch.ones(1), "v": torch.ones(1)}}
    fishers = {
        "a": {"u": torch.tensor([3.0]), "v": torch.tensor([4.0])},
        "b": {"u": torch.tensor([5.0]), "v": torch.tensor([0.0])},
    }
    merged = merge({**RAW, "normalize": "global"}, models, base, statistics={"fisher": fishers})
    assert merged["u"].tolist() == pytest.approx([(5 / 5) / (3 / 5 + 5 / 5)])
    assert merged["v"].tolist() == [0.0]


def test_the_floor_evens_out_what_nobody_depends_on() -> None:
    assert informed({**RAW, "floor": 0.01}, [[0.0], [1.0]], [[0.0], [0.005]]) == [0.5]


def test_the_floor_may_be_added_instead() -> None:
    information = [[0.0], [0.02]]
    assert informed({**RAW, "floor": 0.01}, [[0.0], [1.0]], information) == pytest.approx([2 / 3])
    assert informed({**RAW, "floor": 0.01, "floor_by": "add"}, [[0.0], [1.0]], information) == [0.75]


@pytest.mark.parametrize("normalize", ["global", "tensor"])
def test_an_added_floor_is_added_to_the_norms_too(normalize: str) -> None:
    method = {"name": "fisher", "normalize": normalize, "floor": 0.01, "floor_by": "add"}
    assert informed(method, [[0.0], [1.0]], [[0.0], [0.99]]) == pytest.approx([0.5])
    assert informed(method, [[0.0], [1.0]], [[0.01], [0.03]], weights=[0.5, 1.5]) == pytest.approx([0.75])


def test_a_floor_added_to_the_first_alone_leaves_the_others() -> None:
    first = {**RAW, "floor": 0.01, "floor_by": "add", "floor_on": "first"}
    assert informed(first, [[0.0], [1.0]], [[0.0], [0.01]]) == [0.5]
    assert informed(first, [[7.0], [1.0]], [[0.0], [0.0]]) == [7.0]


def test_without_floor_and_information_the_plain_mean_is_returned() -> None:
    assert informed(RAW, [[0.0], [1.0]], [[0.0], [0.0]]) == [0.5]


def test_a_floor_on_the_first_alone_lets_it_win_where_nobody_is_sure() -> None:
    first = {**RAW, "floor": 0.01, "floor_on": "first"}
    assert informed(first, [[7.0], [1.0]], [[0.0], [0.0]]) == [7.0]
    assert informed(first, [[1.0], [7.0]], [[0.0], [0.0]]) == [1.0]


def test_an_expert_without_any_information_is_not_divided_by_its_norm() -> None:
    for normalize in ("global", "tensor"):
        assert informed({**RAW, "normalize": normalize}, [[5.0], [1.0]], [[0.0], [2.0]]) == [1.0]


@settings(max_examples=20)
@given(st.sampled_from(["global", "tensor", "none"]), st.integers(1, 4))
def test_equal_information_is_the_average(normalize: str, count: int) -> None:
    base = random_state(0)
    models = tuned(base, count)
    same = {key: value.square() + 0.1 for key, value in random_state(9).items()}
    statistics = {"fisher": dict.fromkeys(models, same)}
    weighed = merge({"name": "fisher", "normalize": normalize}, models, base, statistics=statistics)
    averaged = merge("average", models, base)
    assert all(torch.allclose(weighed[key], averaged[key], atol=1e-6) for key in base)


def test_missing_information_is_named_with_what_to_give() -> None:
    base = random_state(0)
    models = tuned(base, 2)
    statistics = {"fisher": {"a": {key: value.square() for key, value in base.items()}}}
    with pytest.raises(MergeError, match=r"fisher needs the fisher statistics of b for .*give statistics="):
        merge("fisher", models, base, statistics=statistics)


def test_information_of_another_shape_is_refused() -> None:
    with pytest.raises(MergeError, match=r"fisher statistics of a for w have shape \(3,\), the tensor has \(1,\)"):
        informed(RAW, [[0.0], [1.0]], [[1.0, 1.0, 1.0], [1.0]])


def test_information_that_is_not_finite_is_refused() -> None:
    with pytest.raises(MergeError, match="w of the fisher statistics of b holds 1 values that are NaN"):
        informed(RAW, [[0.0], [1.0]], [[1.0], [float("nan")]])


def test_the_order_of_experts_matters_only_for_the_favoured_first() -> None:
    base = random_state(0)
    models = tuned(base, 2)
    fishers = {"fisher": {name: {k: v.square() for k, v in random_state(i).items()} for i, name in enumerate(models)}}
    turned = dict(reversed(models.items()))
    assert same_bits(
        merge("fisher", models, base, statistics=fishers), merge("fisher", turned, base, statistics=fishers)
    )


def test_entries_without_information_get_the_plain_mean_and_a_remark_and_a_floor_on_all_prevents_both() -> None:
    heard: list[str] = []
    models, information, weights = (
        torch.tensor([[0.0, 0.0], [1.0, 1.0]]),
        torch.tensor([[0.0, 1.0], [0.0, 3.0]]),
        torch.ones(2),
    )
    given = {"weights": weights, "normalize": "none", "information": information, "say": heard.append}
    assert fisher(models, floor=0.0, **given).tolist() == [0.5, 0.75]
    assert len(heard) == 1 and heard[0].startswith("for some weights no expert has Fisher information")
    fisher(models, floor=1e-6, **given)
    assert len(heard) == 1
