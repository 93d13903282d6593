"""The kernel's draws are the reference generator's."""

from __future__ import annotations

import numpy
import pytest

from mergelab.kernels.cpu.sparsifier_mask import BLOCK, UPPER, complete, draw, masked_delta, open_mask
from mergelab.runtime.randomness import draws, key_of

KEY = key_of(7, "expert", "tensor")


@pytest.mark.parametrize("start", [0, BLOCK, 17 * BLOCK, 2**34 - BLOCK, 2**34])
def test_a_blocks_draws_are_the_streams(start: int) -> None:
    drawn, key = numpy.empty(BLOCK, numpy.uint32), numpy.array(KEY, numpy.uint32)
    draw(*key, start, UPPER, drawn)
    expected = draws(7, "expert", "tensor", (BLOCK,), start)
    assert drawn.tolist() == (expected >> 16 << 16).tolist()
    complete(*key, start, drawn)
    assert drawn.tolist() == expected.tolist()


@pytest.mark.parametrize("place", [0, 100, BLOCK - 1])
@pytest.mark.parametrize("above", [0, 1])
def test_a_limit_close_to_a_draw_is_told_from_it_by_the_lower_half(place: int, above: int) -> None:
    expected = draws(7, "expert", "tensor", (BLOCK,))
    limit = int(expected[place]) + above
    mask = open_mask(1)._replace(limits=numpy.array([limit], numpy.uint64), keys=numpy.array([KEY], numpy.uint32))
    drawn, left = numpy.empty(BLOCK, numpy.uint32), numpy.empty(BLOCK, numpy.float32)
    deltas = numpy.ones(BLOCK, numpy.float32)
    assert masked_delta(deltas, deltas * 0, 0, mask, 0, drawn, left) == 0
    assert left.tolist() == (expected < limit).float().tolist()
