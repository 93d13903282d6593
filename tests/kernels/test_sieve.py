"""The kernel's draws are the reference generator's."""

from __future__ import annotations

import numpy
import pytest

from mergelab.kernels.sieve import BLOCK, draw
from mergelab.randomness import draws, key_of


@pytest.mark.parametrize("start", [0, BLOCK, 17 * BLOCK, 2**33 - BLOCK, 2**33])
@pytest.mark.parametrize("count", [1, 31, 32, 33, BLOCK])
def test_a_blocks_draws_are_the_streams(start: int, count: int) -> None:
    drawn = numpy.empty(BLOCK, numpy.uint32)
    draw(*key_of(7, "expert", "tensor"), start, count, drawn)
    assert drawn[:count].tolist() == draws(7, "expert", "tensor", (count,), start).tolist()
