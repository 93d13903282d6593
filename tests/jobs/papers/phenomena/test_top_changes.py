"""Part of each expert's change."""

from __future__ import annotations

from tiny_trial import SEEDS, figure, tiny_trial, values

from mergelab.jobs.papers.phenomena.top_changes import top_changes
from mergelab.runtime.progress import finish

OWN_IS_LARGEST = tiny_trial({"a": [0.9, 0.6, 0.6, 0.6, 0.6], "b": [0.6, 0.9, 0.6, 0.6, 0.6]}, [0.5] * 5)
"""Each expert's own number moves farthest."""


def test_the_largest_fifth_of_five_changes_is_the_one_that_counts() -> None:
    found = finish(top_changes(OWN_IS_LARGEST))
    told = values(found)
    assert (told["base"], told["whole change"], told["largest 20% of the change"]) == (0.5, 0.9, 0.9)
    assert told["largest 20 % minus whole change"] == 0


def test_a_random_fifth_keeps_the_number_that_counts_or_loses_it() -> None:
    drawn = figure(finish(top_changes(OWN_IS_LARGEST)), "random 20 %, not rescaled")
    assert drawn.seeds == SEEDS and round(drawn.value, 4) in (
        0.5,
        0.6,
        0.7,
        0.8,
        0.9,
    )  # two seeds, two experts, 0.5 or 0.9
