from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_states import merge, merged_numbers, numbers

from mergelab import merge_state_dicts
from mergelab.methods.sparsifiers.breadcrumbs import breadcrumbs, ranks_kept

SUM = {"name": "task_arithmetic", "scale": 1.0}
TEN = [1.0, -9.0, 2.0, 8.0, -3.0, 7.0, 4.0, -6.0, 5.0, 10.0]
SHARES = st.sampled_from([0.0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])
SMALL_INTEGERS = st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=20)


def left(values: list[float], **knobs: Any) -> list[float]:
    return breadcrumbs(torch.tensor([values]), **knobs)[0].tolist()


def only(*kept: float) -> list[float]:
    return [value if value in kept else 0.0 for value in TEN]


def test_the_largest_go_and_the_next_largest_stay() -> None:
    assert left(TEN, density=0.3, gamma=0.2) == only(8.0, 7.0, -6.0)


def test_without_outliers_it_is_trim() -> None:
    assert left(TEN, density=0.3, gamma=0.0) == only(10.0, -9.0, 8.0)


def test_a_share_of_less_than_one_entry_drops_no_outlier() -> None:
    assert left(TEN, density=0.3, gamma=0.099) == only(10.0, -9.0, 8.0)
    assert left([3.0], density=0.1, gamma=0.9) == [3.0]


def test_where_both_shares_do_not_fit_fewer_outliers_go() -> None:
    assert left(TEN, density=0.9, gamma=0.2) == only(*(value for value in TEN if value != 10.0))
    assert left(TEN, density=1.0, gamma=0.5) == TEN


def test_a_density_of_zero_leaves_nothing_and_any_other_at_least_one_entry() -> None:
    assert left(TEN, density=0.0, gamma=0.2) == [0.0] * 10
    assert left(TEN, density=0.001, gamma=0.2) == only(8.0)
    assert left(TEN, density=0.001, gamma=1.0) == only(1.0)


def test_equal_magnitudes_stay_together_at_both_ends() -> None:
    assert left([5.0, -5.0, 3.0, 2.0, -2.0, 1.0], density=0.5, gamma=0.2) == [5.0, -5.0, 3.0, 2.0, -2.0, 0.0]
    assert left([4.0, -4.0, 4.0, 4.0], density=0.25, gamma=0.5) == [4.0, -4.0, 4.0, 4.0]
    assert left([5.0, -5.0, 3.0, 2.0, -2.0, 1.0], density=0.3, gamma=0.4) == [0.0, 0.0, 3.0, 2.0, -2.0, 0.0]


def test_zeros_count_but_are_never_kept() -> None:
    assert left([3.0, 2.0, 0.0, -0.0], density=0.75, gamma=0.25) == [0.0, 2.0, 0.0, 0.0]
    assert left([3.0, 0.0, 0.0, 0.0], density=0.5, gamma=0.25) == [0.0] * 4


@pytest.mark.parametrize(
    ("count", "density", "gamma", "ranks"),
    [
        (160, 0.6, 0.1, (17, 112)),
        (8, 0.85, 0.01, (1, 7)),
        (24, 0.95, 0.2, (2, 24)),
        (0, 0.5, 0.1, (0, 0)),
        (9, 0.0, 0.1, (0, 0)),
    ],
)
def test_ranks_count_from_the_largest(count: int, density: float, gamma: float, ranks: tuple[int, int]) -> None:
    assert ranks_kept(count, density, gamma) == ranks


@settings(max_examples=60)
@given(st.integers(1, 40), SHARES, SHARES)
def test_distinct_magnitudes_are_kept_by_exact_rank(count: int, density: float, gamma: float) -> None:
    values = torch.randn(1, count, generator=torch.Generator().manual_seed(count))
    first, last = ranks_kept(count, density, gamma)
    order = values[0].abs().argsort(descending=True)
    kept = breadcrumbs(values, density=density, gamma=gamma)[0].nonzero()[:, 0]
    assert sorted(kept.tolist()) == sorted(order[first - 1 : last].tolist() if last else [])


@settings(max_examples=30)
@given(SMALL_INTEGERS, SHARES)
def test_a_larger_density_only_adds_survivors_also_among_equal_magnitudes(values: list[float], gamma: float) -> None:
    kept = [breadcrumbs(torch.tensor([values]), density=share / 10, gamma=gamma) != 0 for share in range(11)]
    assert all(bool((fewer <= more).all()) for fewer, more in itertools.pairwise(kept))


@settings(max_examples=60)
@given(SMALL_INTEGERS, SHARES, SHARES)
def test_equal_magnitudes_share_their_fate(values: list[float], density: float, gamma: float) -> None:
    kept = left(values, density=density, gamma=gamma)
    fates = {(abs(value), after != 0) for value, after in zip(values, kept, strict=True) if value}
    assert len(fates) == len({magnitude for magnitude, _ in fates})


def test_experts_may_have_a_density_and_a_gamma_of_their_own() -> None:
    stack = torch.tensor([TEN, TEN])
    each = {
        "density": torch.tensor([0.3, 0.1], dtype=torch.float64),
        "gamma": torch.tensor([0.2, 0.3], dtype=torch.float64),
    }
    assert breadcrumbs(stack, **each).tolist() == [only(8.0, 7.0, -6.0), only(7.0)]
    entries = [{"model": "a", "density": 0.3}, {"model": "b", "density": 0.1, "gamma": 0.3}]
    states = {"a": numbers(*TEN), "b": numbers(*[-value for value in TEN])}
    sparsify = {"name": "breadcrumbs", "gamma": 0.2}
    recipe = {"models": entries, "method": SUM, "sparsify": sparsify}
    assert merge_state_dicts(recipe, states, numbers(*[0.0] * 10))["w"].tolist() == only(8.0, -6.0)


@pytest.mark.parametrize(
    ("scope", "big", "small"),
    [("tensor", [0.0, 9.0, 0.0], [0.0, 2.0, 0.0]), ("model", [0.0, 0.0, 8.0], [3.0, 0.0, 0.0])],
)
def test_magnitudes_are_ranked_inside_each_tensor_or_over_the_model(
    scope: str, big: list[float], small: list[float]
) -> None:
    models = {"a": {"big": torch.tensor([10.0, 9.0, 8.0]), "small": torch.tensor([3.0, 2.0, 1.0])}}
    base = {"big": torch.zeros(3), "small": torch.zeros(3)}
    sparsify = {"name": "breadcrumbs", "density": 1 / 3, "gamma": 0.34, "scope": scope}
    merged = merge(SUM, models, base, sparsify=sparsify)
    assert (merged["big"].tolist(), merged["small"].tolist()) == (big, small)


def test_a_tensor_that_nobody_changed_does_not_count() -> None:
    models = {"a": {"w": torch.tensor([4.0, 3.0, 2.0, 1.0]), "frozen": torch.ones(96)}}
    base = {"w": torch.zeros(4), "frozen": torch.ones(96)}
    sparsify = {"name": "breadcrumbs", "density": 0.5, "gamma": 0.25, "scope": "model"}
    assert merge(SUM, models, base, sparsify=sparsify)["w"].tolist() == [0.0, 3.0, 2.0, 0.0]


def test_dropping_comes_before_the_method() -> None:
    assert merged_numbers(
        {"name": "ties", "density": 1.0}, TEN, sparsify={"name": "breadcrumbs", "density": 0.3, "gamma": 0.2}
    ) == only(8.0, 7.0, -6.0)
