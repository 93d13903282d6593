"""The m-th largest magnitude found through a sample is that of a full sort, or nothing is said."""

from __future__ import annotations

import numpy
import pytest
import torch
from torch import Tensor

from mergelab.kernels.cpu.selection import largest, nth_largest
from mergelab.kernels.cpu.sparsifier_mask import open_mask
from mergelab.kernels.cpu.stored_arrays import as_array

COUNT = 300_000


def sorted_magnitudes(base: Tensor, expert: Tensor) -> Tensor:
    return (expert.float() - base.float()).abs().sort(descending=True).values


def found(base: Tensor, expert: Tensor, m: int) -> float | None:
    bits = largest(as_array(base), as_array(expert), 0, open_mask(1), 0, m)
    return None if bits is None else float(numpy.uint32(bits).view(numpy.float32))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32], ids=str)
@pytest.mark.parametrize("share", [0.001, 0.05, 0.3, 0.8, 0.999])
def test_of_normal_numbers_it_is_that_of_a_full_sort(share: float, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    base = (0.02 * torch.randn(COUNT, generator=generator)).to(dtype)
    expert = (base.float() + 0.002 * torch.randn(COUNT, generator=generator)).to(dtype)
    m = int(share * COUNT)
    assert found(base, expert, m) in (None, float(sorted_magnitudes(base, expert)[m - 1]))
    assert found(base, expert, COUNT // 3) == float(sorted_magnitudes(base, expert)[COUNT // 3 - 1])


@pytest.mark.parametrize("count", [1, 2, 255, 256, 257, 5000])
def test_of_a_short_stretch_it_is_always_found(count: int) -> None:
    base, expert = torch.zeros(count), torch.randn(count, generator=torch.Generator().manual_seed(1))
    expert[::3] = 0.5
    ordered = sorted_magnitudes(base, expert)
    assert [found(base, expert, m) for m in (1, (count + 1) // 2, count)] == [
        float(ordered[m - 1]) for m in (1, (count + 1) // 2, count)
    ]


def test_a_sample_that_misleads_is_noticed() -> None:
    """The large changes lie where the sample does not look."""
    base, expert = torch.zeros(COUNT), torch.full((COUNT,), 1e-3)
    expert[5000:7000] = torch.linspace(1, 2, 2000)
    assert found(base, expert, 100) in (None, float(sorted_magnitudes(base, expert)[99]))


def test_many_equal_magnitudes_do_not_overflow_the_bracket() -> None:
    base, expert = torch.zeros(COUNT), torch.ones(COUNT)
    assert found(base, expert, COUNT // 2) in (None, 1.0)


@pytest.mark.parametrize("highest", [1, 2**11, 2**32])
@pytest.mark.parametrize("count", [1, 2, 3000])
def test_the_nth_largest_word_is_that_of_a_full_sort(count: int, highest: int) -> None:
    words = numpy.random.default_rng(0).integers(0, highest, count, dtype=numpy.uint32)
    ordered = sorted(words.tolist(), reverse=True)
    places = {1, (count + 1) // 2, count}
    assert {n: int(nth_largest(words.copy(), n)) for n in places} == {n: ordered[n - 1] for n in places}
