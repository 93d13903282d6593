"""Sines and arc cosines are right to the last digits, and their bits are those of IEEE 754's operations alone."""

from __future__ import annotations

import math

import pytest
import torch

from mergelab.linalg.angles import arccos, cos, sin

LAST_DIGITS = 1e-15


def between(low: float, high: float) -> torch.Tensor:
    return torch.linspace(low, high, 1001, dtype=torch.float64)


@pytest.mark.parametrize("width", [0.01, math.pi, 40.0])
def test_sines_and_cosines_are_those_of_the_c_library_to_the_last_digits(width: float) -> None:
    angles = between(-width, width)
    assert sin(angles).tolist() == pytest.approx([math.sin(each) for each in angles.tolist()], abs=LAST_DIGITS)
    assert cos(angles).tolist() == pytest.approx([math.cos(each) for each in angles.tolist()], abs=LAST_DIGITS)


def test_a_sine_near_a_multiple_of_pi_keeps_its_digits() -> None:
    angles = between(-1e-6, 1e-6)
    for turns in (1, 2, -3):
        near = angles + turns * math.pi
        wanted = [math.sin(each) for each in near.tolist()]
        assert sin(near).tolist() == pytest.approx(wanted, rel=LAST_DIGITS, abs=0)


def test_arc_cosines_are_those_of_the_c_library_to_the_last_digits() -> None:
    cosines = between(-1.0, 1.0)
    assert arccos(cosines).tolist() == pytest.approx([math.acos(each) for each in cosines.tolist()], abs=LAST_DIGITS)


def test_arc_cosines_at_both_ends_are_exact_and_beyond_them_undefined() -> None:
    found = arccos(torch.tensor([1.0, -1.0, 1.1], dtype=torch.float64)).tolist()
    assert found[:2] == [0.0, math.pi] and math.isnan(found[2])


def test_angles_of_any_shape_and_in_float32_are_taken() -> None:
    assert sin(torch.tensor(0.5)).shape == () and sin(torch.tensor(0.5)).dtype == torch.float64
    right = arccos(torch.zeros(2, 3))
    assert right.shape == (2, 3) and float(right[1, 2]) == pytest.approx(math.pi / 2, abs=LAST_DIGITS)
