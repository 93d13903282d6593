"""Drops of several kinds."""

from __future__ import annotations

from tiny_trial import SEEDS, figure, tiny_trial, values

from mergelab.jobs.papers.phenomena.drop_rate import drop_rate
from mergelab.runtime.progress import finish

TRIAL = tiny_trial({"a": [0.75, *[0.625] * 9]}, [0.5] * 10)
"""The first of ten changes is the largest, and it alone counts."""


def test_rescaling_the_largest_changes_overshoots() -> None:
    told = values(finish(drop_rate(TRIAL)))
    assert told["whole change"] == 0.75
    assert told["keep the largest 30 %, rescaled"] == 1.0  # 0.5 + 0.25 / 0.3 is more than all rows


def test_random_drops_give_their_seeds_and_keep_the_number_that_counts_or_the_base() -> None:
    found = finish(drop_rate(TRIAL))
    plain, rescaled = figure(found, "drop 90 %, not rescaled"), figure(found, "drop 50 %, rescaled")
    assert plain.seeds == rescaled.seeds == SEEDS and figure(found, "keep the largest 30 %, rescaled").seeds == ()
    assert plain.value in (0.5, 0.625, 0.75)  # each seed: 0.5 without the change, 0.75 with it
    assert rescaled.value in (0.5, 0.75, 1.0)  # each seed: 0.5, or 0.5 + 0.25 / 0.5
