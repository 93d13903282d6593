"""Radix thresholds equal those of a full sort."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mergelab.methods.ops.elementwise import count_kept, zero_below_threshold
from mergelab.methods.ops.thresholds import Thresholds, own_thresholds
from mergelab.methods.registry import Stack

SMALLEST = 2.0**-149
FLOATS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.sampled_from([0.0, -0.0, 1.0, -1.0, SMALLEST, -SMALLEST, 3e38, 1e-40]),
)


def by_sorting(values: Tensor, density: float) -> float:
    wanted = count_kept(density, values.numel())
    if density == 1:
        return SMALLEST
    if not wanted or not values.any():
        return float("inf")
    return float(values.abs().sort(descending=True).values[wanted - 1]) or SMALLEST


def surveyed(density: float, tensors: list[Tensor]) -> Tensor:
    knobs = {"density": density, "scope": "model"}
    survey = Thresholds(len(tensors[0]), [knobs])
    while survey.passes:
        for number, values in enumerate(tensors):
            survey.update(Stack(str(number), values, settings=knobs))
        survey.finish_pass()
    return survey.value(knobs)


@settings(max_examples=150)
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
        "normal": flat,
        "equal": torch.sign(flat),
        "range": flat * 10 ** (30 * torch.sin(torch.arange(3000.0))),
        "bf16": (flat * 1e-3).bfloat16().float(),
    }[kind]
    found = surveyed(density, [values[:, :1000], values[:, 1000:1001], values[:, 1001:]])
    assert found.tolist() == [by_sorting(row, density) for row in values]


def test_equal_magnitudes_stay_together() -> None:
    deltas = torch.tensor([[1.0, -1.0, 1.0, 0.5]])
    assert zero_below_threshold(deltas, own_thresholds(deltas, 0.25)).tolist() == [[1.0, -1.0, 1.0, 0.0]]


def test_zeros_are_never_kept() -> None:
    deltas = torch.tensor([[0.0, 0.0, SMALLEST, 0.0]])
    assert own_thresholds(deltas, 0.9).tolist() == [SMALLEST]
    assert own_thresholds(torch.zeros(1, 4), 0.9).tolist() == [float("inf")]
    assert own_thresholds(torch.zeros(1, 4), 1.0).tolist() == [SMALLEST]


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


def test_densities_of_all_or_nothing_need_no_pass() -> None:
    survey = Thresholds(2, [{"density": torch.tensor([1.0, 0.0])}])
    assert survey.passes == 0
    assert survey.value({"density": torch.tensor([1.0, 0.0])}).tolist() == [SMALLEST, float("inf")]


def test_every_model_may_have_a_density_of_its_own() -> None:
    deltas = torch.tensor([[4.0, 3.0, 2.0, 1.0], [4.0, 3.0, 2.0, 1.0]])
    assert own_thresholds(deltas, torch.tensor([0.25, 0.75])).tolist() == [4.0, 2.0]


def test_tensors_of_different_densities_are_ranked_apart() -> None:
    tight, loose = {"density": 0.25, "scope": "model"}, {"density": 0.5, "scope": "model"}
    survey = Thresholds(1, [tight, loose])
    while survey.passes:
        survey.update(Stack("a", torch.tensor([[4.0, 3.0, 2.0, 1.0]]), settings=tight))
        survey.update(Stack("b", torch.tensor([[40.0, 30.0, 20.0, 10.0]]), settings=loose))
        survey.finish_pass()
    assert survey.value(tight).tolist() == [4.0] and survey.value(loose).tolist() == [30.0]


def test_a_tensor_shown_in_stretches_is_one_tensor() -> None:
    knobs, values = {"density": 0.5, "scope": "model"}, torch.tensor([[4.0, 3.0, 2.0, 1.0, 0.0, 0.0]])
    survey = Thresholds(1, [knobs])
    while survey.passes:
        for stretch in values.split(2, dim=1):
            survey.update(Stack("a", stretch, settings=knobs))
        survey.finish_pass()
    assert survey.value(knobs).tolist() == [2.0]
