"""The error of random drops."""

from __future__ import annotations

import pytest
from tiny_trial import figure, tiny_trial

from mergelab.jobs.papers.phenomena.seed_spread import SEEDS, seed_spread
from mergelab.jobs.papers.reproduction import PaperVerdict
from mergelab.runtime.progress import finish

TRIAL = tiny_trial({"a": [1.0, -1.0, 1.0, -1.0]}, [0.0] * 4)


def test_at_half_density_the_error_is_one_whatever_is_drawn() -> None:
    """A dropped change is off by itself, and one that is kept is doubled, so off by itself too."""
    found = finish(seed_spread(TRIAL))
    assert figure(found, "drop 50%: relative error of the change (predicted 1)").value == pytest.approx(1)
    off = figure(found, "drop 50%: relative error of the change, off the prediction by")
    assert (off.value, off.n, off.verdict) == (pytest.approx(0), 4, PaperVerdict.HOLDS)


def test_the_spread_lies_between_the_best_and_the_worst_of_five_seeds() -> None:
    found = finish(seed_spread(TRIAL))
    spread = figure(found, "drop 50%: best minus worst seed")
    assert spread.seeds == SEEDS and spread.value in (0, 1)  # the first number is 0 where dropped, above 1 where kept
