"""When scores are shown while rows come in, and what looking early costs."""

from __future__ import annotations

import numpy
import pytest

from mergelab.evaluation.scores.looks import bounds, z_at


def test_blocks_double_until_all_rows_are_asked() -> None:
    assert bounds(200) == [25, 50, 100, 200]
    assert bounds(130) == [25, 50, 100, 130] and bounds(25) == [25] and bounds(3) == [3] and bounds(0) == []


def test_one_look_costs_nothing_and_the_last_of_four_a_little() -> None:
    assert z_at(20, 20) == pytest.approx(1.96, abs=1e-3)
    assert z_at(200, 200) == pytest.approx(2.35, abs=5e-3)
    assert all(z_at(bound, 200) > 2.35 for bound in bounds(100))


def test_looking_after_every_block_finds_a_difference_that_is_not_there_in_at_most_5_percent() -> None:
    walks = numpy.random.default_rng(0).standard_normal((20_000, 200)).cumsum(1)
    looks = numpy.array(bounds(200))
    scaled = numpy.abs(walks[:, looks - 1]) / numpy.sqrt(looks)
    corrected = (scaled > [z_at(n, 200) for n in looks]).any(1).mean()
    assert 0.03 < corrected <= 0.05 < 0.1 < (scaled > 1.96).any(1).mean()
