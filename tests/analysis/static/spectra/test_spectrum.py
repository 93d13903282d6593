"""Gram matrices give the singular values and leading vectors that numpy's SVD gives, to the tolerance they state."""

from __future__ import annotations

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mergelab.analysis.static.spectra.ranks import effective_rank
from mergelab.analysis.static.spectra.spectrum import TOLERANCE, singular_values, spectrum
from mergelab.analysis.static.spectra.subspaces import overlap


def dense(rows: int, columns: int, seed: int) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed)) * 1e-3


def low(rows: int, columns: int, rank: int, seed: int) -> Tensor:
    """What an adapter leaves."""
    return dense(rows, rank, seed) @ dense(rank, columns, seed + 1)


def graded(side: int, last: float) -> Tensor:
    """Values that fall evenly, in powers, from 1 to `last`."""
    left, right = (torch.linalg.qr(dense(side, side, seed).double())[0] for seed in (5, 6))
    return ((left * torch.logspace(0, numpy.log10(last), side, dtype=torch.float64)) @ right).float()


MATRICES = {
    "tall": dense(90, 40, 0),
    "wide": dense(40, 90, 1),
    "square": dense(64, 64, 2),
    "rank 3": low(80, 60, 3, 3),
    "graded": graded(60, 1e-3),
    "steep": graded(60, 1e-12),
    "one": torch.eye(30),
    "tiny": dense(30, 50, 4) * 1e-30,
}


@pytest.mark.parametrize("name", MATRICES)
def test_values_are_those_of_numpy(name: str) -> None:
    matrix = MATRICES[name]
    expected = numpy.linalg.svd(matrix.double().numpy(), compute_uv=False)
    floor = expected[0] * max(matrix.shape) * numpy.finfo(numpy.float32).eps
    expected[expected <= floor] = 0
    for values, within in ((spectrum(matrix, 4).values, 1e-4), (singular_values(matrix), 1e-6)):
        assert values.numpy() == pytest.approx(expected, abs=within * expected[0] + 2 * floor)
        assert float(values.sum()) == pytest.approx(expected.sum(), rel=10 * TOLERANCE)
        shares = expected[expected > 0] / expected.sum()
        assert effective_rank(values) == pytest.approx(numpy.exp(-(shares * numpy.log(shares)).sum()), rel=1e-3)


@pytest.mark.parametrize("name", MATRICES)
def test_leading_vectors_span_what_numpys_do(name: str) -> None:
    matrix = MATRICES[name]
    left, values, right = numpy.linalg.svd(matrix.double().numpy(), full_matrices=False)
    found = spectrum(matrix, 3)
    if values[2] - values[3] > 1e-3 * values[0]:
        assert overlap(found.left, torch.from_numpy(left[:, :3].copy()).float()) == pytest.approx(1, abs=1e-4)
        assert overlap(found.right, torch.from_numpy(right[:3].T.copy()).float()) == pytest.approx(1, abs=1e-4)
    for side in (found.left, found.right):
        torch.testing.assert_close(side.T @ side, torch.eye(3), rtol=0, atol=1e-3)


def test_a_matrix_of_low_rank_has_no_vectors_beyond_it() -> None:
    found = spectrum(low(80, 60, 3, 3), 10)
    assert found.top == 3 and int((found.values > 0).sum()) == 3 and len(found.values) == 60


def test_a_matrix_of_zeros_has_no_direction() -> None:
    found = spectrum(torch.zeros(4, 6), 3)
    assert (
        found.top == 0 and found.values.tolist() == [0] * 4 and singular_values(torch.zeros(4, 6)).tolist() == [0] * 4
    )


@settings(max_examples=30)
@given(st.integers(2, 30), st.integers(2, 30), st.integers(1, 30), st.integers(0, 1000))
def test_ranks_of_any_small_matrix_are_near_those_of_the_svd(rows: int, columns: int, rank: int, seed: int) -> None:
    matrix = low(rows, columns, min(rank, rows, columns), seed)
    expected = torch.linalg.svdvals(matrix.double())
    expected = expected[expected > expected[0] * max(matrix.shape) * torch.finfo(torch.float32).eps]
    assert effective_rank(spectrum(matrix, 2).values) == pytest.approx(effective_rank(expected), rel=2e-3)


def test_values_do_not_depend_on_which_side_is_longer() -> None:
    matrix = dense(50, 20, 9)
    assert torch.equal(spectrum(matrix, 3).values, spectrum(matrix.T.contiguous(), 3).values)
