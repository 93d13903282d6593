from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from runs.samples import RESULT, remembered

from mergelab.evaluation.kinds import Answer, Rows
from mergelab.evaluation.scores import Answers, Score, score
from mergelab.runs import RunRecord
from mergelab.runs.run_comparison import compare_scores, comparison_text, mean_of_differences


def answered(right: Sequence[int], task: str = "movie", rows: int = 40) -> Score:
    """A score of which these rows of the split are right."""
    split = Rows([f"{task} {row}" for row in range(rows)], torch.zeros(rows, dtype=torch.long))
    marks = [Answer((float(row in right),), 0) for row in range(rows)]
    return score(task, "validation", "accuracy", Answers.of(split, marks), first=rows)


def run(number: int, *scores: Score) -> RunRecord:
    return replace(remembered(number), result=replace(RESULT, scores=scores))


def test_scores_of_the_same_rows_are_compared_pair_by_pair() -> None:
    (found,) = compare_scores(run(1, answered(range(10))), run(2, answered(range(30))))
    assert (found.first.value, found.second.value) == (0.25, 0.75)
    assert found.difference is not None and found.difference.value == 0.5 and found.difference.is_clear


def test_scores_without_answers_are_not_paired() -> None:
    (found,) = compare_scores(run(1, replace(answered([1]), answers=None)), run(2, answered([1])))
    assert found.difference is None


def test_the_mean_needs_every_task_that_is_a_share() -> None:
    first = run(1, answered(range(10)), answered(range(10), "song"))
    second = run(2, answered(range(30)), answered(range(20), "song"))
    mean = mean_of_differences(compare_scores(first, second))
    assert mean is not None and mean.value == 0.375
    without = run(2, answered(range(30)), replace(answered([], "song"), answers=None))
    assert mean_of_differences(compare_scores(first, without)) is None


def test_the_text_says_what_is_not_separable_and_what_is_not_paired() -> None:
    same = comparison_text(run(1, answered([1, 2])), run(2, answered([1, 3])))
    assert "+0.000" in same and "not separable with 40 examples" in same
    assert "not paired" in comparison_text(run(1, replace(answered([1]), answers=None)), run(2, answered([1])))
    assert comparison_text(run(1), run(2)) == "runs 1 and 2 have no task in common that both scored on one split"
