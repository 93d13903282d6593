"""The Fisher average of a target and a donor."""

from __future__ import annotations

from tiny_states import numbers
from tiny_trial import specialists, tiny_trial, values

from mergelab.jobs.papers.phenomena.fisher_gain import WITHOUT, fisher_gain
from mergelab.runtime.progress import finish

FISHER = {"fisher": {"minilm/amazon": numbers(3.0, 1.0), "minilm/movie": numbers(1.0, 3.0)}}


def test_the_expert_with_three_times_the_information_counts_three_times() -> None:
    trial = tiny_trial({"amazon": [0.9, 0.5], "movie": [0.5, 0.9]}, [0.5, 0.5], "minilm", FISHER)
    told = values(finish(fisher_gain(trial)))
    assert told["amazon alone"] == 0.9
    assert told["average of amazon and movie"] == 0.7  # (0.9 + 0.5) / 2
    assert told["Fisher average of amazon and movie"] == 0.8  # (3 × 0.9 + 0.5) / 4
    assert told["Fisher average minus average"] == 0.1


def test_a_suite_without_such_a_pair_says_so() -> None:
    assert finish(fisher_gain(specialists(2))).impossible == WITHOUT
