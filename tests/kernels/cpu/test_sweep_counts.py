"""The kernels for many points give what those for one point give at each of them."""

from __future__ import annotations

import numpy
import pytest
import torch

from mergelab.kernels.cpu import counting, sweep_counts
from mergelab.kernels.cpu.floats import Array
from mergelab.kernels.cpu.sparsifier_mask import StoredDeltas, open_mask
from mergelab.kernels.cpu.stored_arrays import as_array, gathered
from mergelab.methods.ops.stack import BINS, KernelUnsupportedError

COUNT = 2 * sweep_counts.BLOCK + 77


def stored(models: int, dtype: torch.dtype = torch.bfloat16) -> list[Array]:
    """A base and experts with many equal and cancelling changes."""
    generator = torch.Generator().manual_seed(0)
    base = torch.randn(COUNT, generator=generator).to(dtype)
    changes = [(4 * torch.randn(COUNT, generator=generator)).round() / 8 for _ in range(models)]
    return [as_array(base), *(as_array((base.float() + change).to(dtype)) for change in changes)]


def thresholds(models: int, n_points: int = 6) -> Array:
    """Falling from never to everything, not alike for all models."""
    steps = numpy.linspace(1.5, 0.1, n_points - 2, dtype=numpy.float32)[:, None]
    steps = steps * numpy.linspace(1, 1.3, models, dtype=numpy.float32)
    return numpy.concatenate([numpy.full((1, models), numpy.inf), steps, numpy.full((1, models), 1e-45)], 0).astype(
        numpy.float32
    )


@pytest.mark.parametrize("models", [1, 2, 3, 5])
@pytest.mark.parametrize("by_count", [False, True])
def test_elections_at_all_points_are_the_elections_at_each(models: int, by_count: bool) -> None:
    base, *experts = stored(models)
    given, together, mask = thresholds(models), gathered(experts), open_mask(models)
    weights = numpy.linspace(1, -0.5, models, dtype=numpy.float32)
    found = sweep_counts.elections(StoredDeltas(base, together, mask, 0), given, weights, by_count)
    assert found == [counting.count_elected(base, together, mask, 0, row, weights, by_count) for row in given]


def test_bins_are_copied_each_for_itself() -> None:
    base, expert = stored(1)
    mask, rows = open_mask(1), numpy.full(BINS, -1, numpy.int16)
    asked = [int(numpy.float32(size).view(numpy.uint32)) >> 16 for size in (0.0, 0.125, 0.5, 3.0)]
    rows[asked] = range(len(asked))
    upper = numpy.zeros(BINS, numpy.int64)
    counting.count_upper(base, expert, 0, mask, 0, upper)
    ends, copied = upper[asked].cumsum() - upper[asked], numpy.empty(upper[asked].sum(), numpy.uint32)
    sweep_counts.copy_bins(base, expert, 0, mask, 0, rows, ends, copied)
    assert ends.tolist() == upper[asked].cumsum().tolist()
    assert (copied >> 16).tolist() == numpy.repeat(asked, upper[asked]).tolist()


def test_lower_bits_are_counted_in_the_rows_of_their_upper_bits() -> None:
    base, expert = stored(1)
    mask, rows = open_mask(1), numpy.full(BINS, -1, numpy.int16)
    asked = [int(numpy.float32(size).view(numpy.uint32)) >> 16 for size in (0.0, 0.125, 0.5, 3.0)]
    rows[asked] = range(len(asked))
    found = numpy.zeros((len(asked), BINS), numpy.int64)
    sweep_counts.count_lower_of(base, expert, 0, mask, 0, rows, found)
    for upper, row in zip(asked, found, strict=True):
        alone = numpy.zeros(BINS, numpy.int64)
        counting.count_lower(base, expert, 0, mask, 0, upper, alone)
        assert row.tolist() == alone.tolist()
    assert found.sum() > 0


def test_points_are_put_in_an_order_in_which_thresholds_fall() -> None:
    given = numpy.array([[2.0, 5.0], [numpy.inf, 5.0], [2.0, 4.0]], numpy.float32)
    assert sweep_counts.falling(given).tolist() == [1, 0, 2]


def test_points_without_such_an_order_are_left_to_others() -> None:
    with pytest.raises(KernelUnsupportedError):
        sweep_counts.falling(numpy.array([[1.0, 2.0], [2.0, 1.0]], numpy.float32))
