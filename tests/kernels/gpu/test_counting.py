"""Triton's counts are the reference's."""

from __future__ import annotations

import pytest
import torch
from device_stacks import DTYPES, KINDS, device_stack, plain_stack, stored

from mergelab.kernels.gpu import stack as stacks
from mergelab.methods.ops.stack import KernelUnsupportedError


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_histograms_of_magnitudes_are_exact(kind: str, dtype: torch.dtype) -> None:
    tensors = stored(kind, dtype, (5000,))
    found, expected = device_stack(tensors), plain_stack(tensors)
    upper = expected.upper_counts()
    assert torch.equal(found.upper_counts(), upper)
    assert torch.equal(found.signed_counts(), expected.signed_counts())
    fullest = upper.argmax(1).tolist()
    assert torch.equal(found.lower_counts(fullest), expected.lower_counts(fullest))


@pytest.mark.parametrize("kind", KINDS)
def test_the_mth_largest_magnitude_is_exact_for_every_m(kind: str) -> None:
    tensors = stored(kind, torch.bfloat16, (300,), experts=2)
    for wanted in ((0, 1), (1, 300), (150, 299), (7, 90)):
        assert torch.equal(device_stack(tensors).largest(wanted), plain_stack(tensors).largest(wanted))


@pytest.mark.parametrize("by", ["mass", "count"])
@pytest.mark.parametrize("kind", KINDS)
def test_elected_signs_are_counted_as_the_reference_counts_them(kind: str, by: str) -> None:
    tensors, thresholds = stored(kind, torch.float16, (5000,)), torch.tensor([0.001, 0.0, 0.05])
    for weights in (None, torch.tensor([0.5, -0.3, 1.2])):
        found = device_stack(tensors).election(thresholds, weights, by)
        assert found == plain_stack(tensors).election(thresholds, weights, by)


def test_a_single_change_behind_many_entries_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacks, "GLANCE", 100)
    base = torch.ones(5000, dtype=torch.bfloat16)
    expert = base.clone()
    assert not device_stack([base, base, expert]).any()
    expert[4999] = 2
    assert device_stack([base, base, expert]).any()


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_delta_that_is_not_finite_is_handed_back(bad: float) -> None:
    tensors = stored("normal", torch.bfloat16)
    tensors[2][699] = bad
    with pytest.raises(KernelUnsupportedError):
        device_stack(tensors).upper_counts()


def test_nothing_is_counted_in_an_empty_stretch() -> None:
    stack = device_stack(stored("normal", torch.bfloat16, (0,)))
    assert not stack.any()
    assert int(stack.upper_counts().sum()) == 0 == stack.election(torch.zeros(3), None, "mass")
