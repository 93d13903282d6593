from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny_states import merge, merged_numbers

SUM = {"name": "task_arithmetic", "scale": 1.0}


def trimmed(values: list[float], **knobs: Any) -> list[float]:
    return merged_numbers(SUM, values, sparsify={"name": "trim", **knobs})


def test_the_largest_magnitudes_are_kept() -> None:
    assert trimmed([1.0, -4.0, 2.0, 3.0], density=0.5) == [0.0, -4.0, 0.0, 3.0]


def test_equal_magnitudes_stay_together() -> None:
    assert trimmed([2.0, -2.0, 2.0, 1.0], density=0.25) == [2.0, -2.0, 2.0, 0.0]


def test_at_least_one_entry_is_kept_unless_the_density_is_zero() -> None:
    assert trimmed([1.0, 3.0, 2.0, 0.5], density=0.001) == [0.0, 3.0, 0.0, 0.0]
    assert trimmed([1.0, 3.0, 2.0, 0.5], density=0.0) == [0.0, 0.0, 0.0, 0.0]


def test_survivors_may_be_rescaled_by_the_inverse_density() -> None:
    assert trimmed([1.0, -4.0, 2.0, 3.0], density=0.5, rescale="inverse") == [0.0, -8.0, 0.0, 6.0]


@pytest.mark.parametrize(
    ("scope", "big", "small"), [("model", [4.0, 3.0], [0.0, 0.0]), ("tensor", [4.0, 0.0], [2.0, 0.0])]
)
def test_magnitudes_are_ranked_over_the_model_or_inside_each_tensor(
    scope: str, big: list[float], small: list[float]
) -> None:
    models = {"a": {"big": torch.tensor([4.0, 3.0]), "small": torch.tensor([2.0, 1.0])}}
    base = {"big": torch.zeros(2), "small": torch.zeros(2)}
    merged = merge(SUM, models, base, sparsify={"name": "trim", "density": 0.5, "scope": scope})
    assert (merged["big"].tolist(), merged["small"].tolist()) == (big, small)


def test_trim_before_summing_equals_ties_own_trim_for_one_expert() -> None:
    values = [1.0, -4.0, 2.0, 3.0]
    assert trimmed(values, density=0.5) == merged_numbers({"name": "ties", "density": 0.5}, values)
