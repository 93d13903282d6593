"""What knobs come to for a kernel."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from mergelab.kernels.arguments import ALL, ElectionParams, ShareParams, SparsifyParams, precedence

TIES: dict[str, Any] = {
    "thresholds": torch.ones(2),
    "weights": torch.ones(2),
    "weigh": "before",
    "elect": "mass",
    "zero_sign": "majority",
    "combine": "mean",
    "divide": "weights",
    "majority": 1,
    "scale": 0.5,
}


@pytest.mark.parametrize(
    ("knobs", "tied"),
    [
        ({"majority": 1}, 1.0),
        ({"majority": -1}, -1.0),
        ({"majority": 0}, -1.0),
        ({"majority": 0, "combine": "max"}, 0.0),
        ({"zero_sign": "positive"}, 1.0),
        ({"zero_sign": "zero"}, 0.0),
    ],
)
def test_votes_that_cancel_get_the_sign_that_the_knobs_say(knobs: dict[str, Any], tied: float) -> None:
    assert ElectionParams.of({**TIES, **knobs}).tied == tied


def test_only_a_mean_is_divided() -> None:
    combined = [ElectionParams.of({**TIES, "combine": combine}).combine for combine in ("mean", "sum", "max")]
    assert combined == ["weights", "sum", "max"]


def test_a_thinning_that_nobody_asked_for_keeps_everything() -> None:
    params = SparsifyParams.none(2)
    assert params.thresholds.tolist() == [0, 0] == params.divisors.tolist()
    assert params.limits.tolist() == [ALL, ALL]


def test_survivors_are_divided_by_the_density_of_their_model() -> None:
    assert SparsifyParams.none(2).divided_by(0.5).divisors.tolist() == [0.5, 0.5]
    assert SparsifyParams.none(2).divided_by(torch.tensor([0.25, 1.0])).divisors.tolist() == [0.25, 1.0]


@pytest.mark.parametrize(
    ("floor_by", "floor_on", "lowest", "added"),
    [
        ("max", "all", [0.5, 0.5], [0.0, 0.0]),
        ("max", "first", [-torch.inf, 0.5], [0.0, 0.0]),
        ("add", "all", [-torch.inf, -torch.inf], [0.5, 0.5]),
        ("add", "first", [-torch.inf, -torch.inf], [0.0, 0.5]),
    ],
)
def test_a_floor_holds_for_every_expert_or_for_the_recipes_first(
    floor_by: str, floor_on: str, lowest: list[float], added: list[float]
) -> None:
    knobs = {
        "weights": torch.tensor([1.0, 3.0]),
        "normalize": "none",
        "norms": None,
        "floor": 0.5,
        "floor_by": floor_by,
        "floor_on": floor_on,
        "positions": (1, 0),
    }
    shares = ShareParams.of(knobs, torch.ones(2, 3, 4))
    assert shares.information.shape == (2, 12)
    assert (shares.lowest.tolist(), shares.added.tolist()) == (lowest, added)
    assert shares.coefficients.tolist() == [1.0, 3.0]


def test_of_equal_changes_the_recipes_first_or_last_expert_wins() -> None:
    assert precedence((2, 0, 1), "first") == [1, 2, 0] == precedence((2, 0, 1), "positive")
    assert precedence((2, 0, 1), "last") == [0, 2, 1]
