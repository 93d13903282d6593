"""Overlaps of directions that can be checked by hand."""

from __future__ import annotations

import math

import pytest
import torch

from mergelab.analysis.static.spectra.spectrum import spectrum
from mergelab.analysis.static.spectra.subspaces import overlap, task_interference

AXES = torch.eye(4)


def test_one_shared_axis_of_two_is_half_an_overlap() -> None:
    assert overlap(AXES[:, :2], AXES[:, 1:3]) == 0.5
    assert overlap(AXES[:, :2], AXES[:, :2]) == 1 and overlap(AXES[:, :2], AXES[:, 2:]) == 0
    assert math.isnan(overlap(AXES[:, :0], AXES))


def test_turned_axes_of_one_plane_are_the_same_plane() -> None:
    turned = AXES[:, :2] @ torch.tensor([[math.cos(1), -math.sin(1)], [math.sin(1), math.cos(1)]])
    assert overlap(AXES[:, :2], turned) == pytest.approx(1, abs=1e-6)


def test_random_planes_overlap_by_their_share_of_the_space() -> None:
    generator = torch.Generator().manual_seed(0)
    drawn = [torch.linalg.qr(torch.randn(400, 40, generator=generator))[0] for _ in range(2)]
    assert overlap(*drawn) == pytest.approx(0.1, abs=0.01)


def spectra(*matrices: torch.Tensor) -> list[object]:
    return [spectrum(matrix, 1) for matrix in matrices]


def test_orthogonal_tasks_do_not_interfere() -> None:
    first, second = torch.zeros(4, 4), torch.zeros(4, 4)
    first[0, 0], second[1, 1] = 2, 3
    assert task_interference(spectra(first, second)) == pytest.approx(0, abs=1e-6)  # type: ignore[arg-type]


def test_equal_tasks_interfere_by_the_sum_of_their_values() -> None:
    first = torch.zeros(4, 4)
    first[0, 0] = 2
    # UᵀU − I and VᵀV − I are [[0, 1], [1, 0]]: the product is diag(σ₂, σ₁)
    assert task_interference(spectra(first, 3 * first)) == pytest.approx(2 + 6)  # type: ignore[arg-type]
