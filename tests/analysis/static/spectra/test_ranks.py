"""Ranks of singular values that can be checked by hand."""

from __future__ import annotations

import math

import pytest
import torch

from mergelab.analysis.static.spectra.ranks import effective_rank, energy_rank, energy_share, stable_rank

FLAT, ONE, FALLING = (torch.tensor(values, dtype=torch.float64) for values in ([2.0] * 4, [3.0, 0, 0], [3.0, 2.0, 1.0]))


def test_equal_values_count_one_direction_each() -> None:
    assert effective_rank(FLAT) == pytest.approx(4) and stable_rank(FLAT) == 4 and energy_rank(FLAT) == 4


def test_a_single_value_is_a_single_direction() -> None:
    assert effective_rank(ONE) == 1 and stable_rank(ONE) == 1 and energy_rank(ONE) == 1 and energy_share(ONE, 1) == 1


def test_falling_values_lie_between() -> None:
    entropy = -sum(p * math.log(p) for p in (1 / 2, 1 / 3, 1 / 6))
    assert effective_rank(FALLING) == pytest.approx(math.exp(entropy))
    assert stable_rank(FALLING) == pytest.approx(14 / 9)
    assert energy_share(FALLING, 2) == pytest.approx(13 / 14) and energy_rank(FALLING) == 3
    assert energy_rank(FALLING, 13 / 14) == 2


@pytest.mark.parametrize("values", [torch.zeros(3, dtype=torch.float64), torch.zeros(0, dtype=torch.float64)])
def test_nothing_has_no_rank(values: torch.Tensor) -> None:
    assert all(math.isnan(rank(values)) for rank in (effective_rank, stable_rank, energy_rank))
    assert math.isnan(energy_share(values, 2))
