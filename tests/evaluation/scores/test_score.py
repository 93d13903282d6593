"""Scores of answers, and their mean over tasks."""

from __future__ import annotations

import pytest
import torch

from mergelab.evaluation.kinds import Answer, Rows
from mergelab.evaluation.scores import Answers, Score, mean_score, score


def answered(task: str, right: int, n: int = 100, metric: str = "accuracy", asked: int | None = None) -> Score:
    rows = Rows(("x",) * n, torch.zeros(n).long())
    return score(task, "test", metric, Answers.of(rows, [Answer((float(row < right), 1.0)) for row in range(n)]), asked)


def test_a_mean_of_one_task_is_that_task_and_of_four_alike_half_as_wide() -> None:
    one = answered("a", 50)
    assert mean_score([one]) == Score(
        "mean", "test", "accuracy", 0.5, 100, pytest.approx(one.low), pytest.approx(one.high), asked=100
    )
    four = mean_score([one] * 4)
    assert four.value == 0.5 and four.n == 400
    assert four.high - four.low == pytest.approx((one.high - one.low) / 2)
    with pytest.raises(ValueError, match="at least one score"):
        mean_score([])


def test_a_mean_leaves_out_what_is_no_share_of_rows() -> None:
    bits = answered("corpus", 60, metric="bits per byte")
    assert mean_score([answered("a", 50), bits, answered("b", 70, metric="exact match")]).value == pytest.approx(0.6)
    with pytest.raises(ValueError, match="a share of rows"):
        mean_score([bits])


def test_a_score_on_fewer_rows_is_what_the_first_answers_give() -> None:
    whole = answered("a", 50, asked=400)
    assert not whole.complete and (whole.n, whole.asked) == (100, 400)
    assert (whole.on_first(60).value, whole.on_first(60).n) == (50 / 60, 60)
    assert whole.on_first(100) is whole
    kept = Score("a", "test", "accuracy", 0.5, 100, 0.4, 0.6)
    assert kept.on_first(60) is kept  # without answers there is nothing to count again
