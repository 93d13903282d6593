"""Radix thresholds equal those of a full sort."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mergelab.methods.ops import count_kept, keep_from
from mergelab.methods.registry import Stack
from mergelab.methods.thresholds import NoThresholds, Thresholds, own_thresholds, survey_thresholds

SMALLEST = 2.0**-149
FLOATS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.sampled_from([0.0, -0.0, 1.0, -1.0, SMALLEST, -SMALLEST, 3e38, 1e-40]),
)


def by_sorting(values: Tensor, density: float) -> float:
    wanted = count_kept(density, values.numel())
    if not wanted or not values.any():
        return float("inf")
    return float(values.abs().sort(descending=True).values[wanted - 1]) or SMALLEST


def surveyed(density: float, tensors: list[Tensor]) -> Tensor:
    survey = Thresholds(len(tensors[0]), density)
    while survey.passes:
        for number, values in enumerate(tensors):
            survey.see(Stack(str(number), values, {}))
        survey.turn()
    return survey.result()


@settings(deadline=None, max_examples=150)
@given(st.lists(FLOATS, min_size=1, max_size=40), st.sampled_from([0.0, 0.01, 0.1, 0.25, 0.5, 0.9, 1.0]))
def test_a_tensors_threshold_equals_a_full_sort(values: list[float], density: float) -> None:
    stack = torch.tensor([values], dtype=torch.float32)
    assert own_thresholds(stack, density).tolist() == [by_sorting(stack[0], density)]


@pytest.mark.parametrize("density", [0.0, 0.05, 0.2, 0.5, 1.0])
@pytest.mark.parametrize("kind", ["normal", "equal", "range", "bf16"])
def test_a_models_threshold_equals_a_full_sort_of_all_tensors(kind: str, density: float) -> None:
    generator = torch.Generator().manual_seed(0)
    flat = torch.randn(2, 3000, generator=generator)
    values = {
        "normal": flat, "equal": torch.sign(flat), "range": flat * 10 ** (30 * torch.sin(torch.arange(3000.0))),
        "bf16": (flat * 1e-3).bfloat16().float(),
    }[kind]  # fmt: skip
    found = surveyed(density, [values[:, :1000], values[:, 1000:1001], values[:, 1001:]])
    assert found.tolist() == [by_sorting(row, density) for row in values]


def test_equal_magnitudes_stay_together() -> None:
    deltas = torch.tensor([[1.0, -1.0, 1.0, 0.5]])
    assert keep_from(deltas, own_thresholds(deltas, 0.25)).tolist() == [[1.0, -1.0, 1.0, 0.0]]


def test_zeros_are_never_kept() -> None:
    deltas = torch.tensor([[0.0, 0.0, SMALLEST, 0.0]])
    assert own_thresholds(deltas, 1.0).tolist() == [SMALLEST]
    assert own_thresholds(torch.zeros(1, 4), 1.0).tolist() == [float("inf")]


def test_a_tensor_that_no_model_changed_does_not_count() -> None:
    changed, frozen = torch.tensor([[4.0, 3.0, 2.0, 1.0]]), torch.zeros(1, 96)
    assert surveyed(0.5, [changed, frozen]).tolist() == [3.0]


def test_a_tensor_that_one_model_changed_counts_for_all() -> None:
    shared = torch.tensor([[4.0, 3.0, 2.0, 1.0], [4.0, 3.0, 2.0, 1.0]])
    lone = torch.tensor([[0.0, 0.0, 0.0, 0.0], [9.0, 9.0, 9.0, 9.0]])
    assert surveyed(0.5, [shared, lone]).tolist() == [1.0, 9.0]


def test_empty_tensors_are_harmless() -> None:
    assert surveyed(0.5, [torch.zeros(1, 0), torch.tensor([[2.0, 1.0]])]).tolist() == [2.0]
    assert own_thresholds(torch.zeros(2, 0), 0.5).tolist() == [float("inf")] * 2


def test_only_the_model_scope_surveys_the_model() -> None:
    assert isinstance(survey_thresholds(2, {"density": 0.5, "scope": "model"}), Thresholds)
    own = survey_thresholds(2, {"density": 0.5, "scope": "tensor"})
    assert isinstance(own, NoThresholds) and own.passes == 0 and own.result() is None
