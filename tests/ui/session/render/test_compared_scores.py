"""Scores side by side: paired where both merges answered the same rows, and a reason where not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from ui.fake_worker import answers, charts, form, run_of

from mergelab.evaluation.kinds import Answer, Rows
from mergelab.evaluation.scores import Answers, Score, score
from mergelab.jobs.workbench import Run
from mergelab.ui.messages import ComparedScores
from mergelab.ui.session.chart_data import ComparedRecipes
from mergelab.ui.session.render.compared_scores import compared_scores
from mergelab.ui.session.render.scores_by_model import TaskFace

TASKS = {"a": TaskFace("Task A", "tiny/a"), "b": TaskFace("Task B", "tiny/b")}


def run(**right: Any) -> Run:
    """A run by task: how many of the first rows are right; a pair gives the number of rows, too."""
    counts = {task: found if isinstance(found, tuple) else (found, 100) for task, found in right.items()}
    scores = [score(task, "validation", "accuracy", answers(*found)) for task, found in counts.items()]
    return replace(run_of(form().recipe().to_mapping(), "validation"), scores=scores)


def compared(one: Run | None, other: Run | None, tasks: Any = TASKS, follows: bool = False) -> ComparedScores:
    return compared_scores(ComparedRecipes((charts(), charts()), (True, False), (one, other), tasks, follows))


def test_each_task_and_the_mean_have_the_paired_difference() -> None:
    first, second, mean = compared(run(a=60, b=80), run(a=75, b=81)).rows
    assert first.difference and second.difference and mean.difference
    assert (first.difference.value, first.difference.verdict, first.remark) == (pytest.approx(0.15), "better", "better")
    assert 0.06 < first.difference.low < 0.15 < first.difference.high < 0.24
    assert (second.difference.verdict, second.remark) == ("unclear", "not separable with 100 examples")
    assert (mean.title, mean.n, mean.colour) == ("Mean", 200, None)
    assert mean.difference.value == pytest.approx(0.08) and mean.difference.verdict == "better"


def test_the_verdict_says_which_is_better_or_that_nothing_is_clear() -> None:
    assert compared(run(a=60, b=80), run(a=75, b=81)).verdict.startswith(
        "B is better on the mean over 2 tasks: +8.0 points"
    )
    assert compared(run(a=75, b=81), run(a=60, b=80)).verdict.endswith("Clear on 1 of 2 tasks.")
    assert compared(run(a=70, b=80), run(a=70, b=81)).verdict.startswith(
        "A and B are not separable with 200 examples on the mean over 2 tasks: B − A is +0.5 points"
    )


def test_scores_on_other_rows_stand_side_by_side_without_a_difference() -> None:
    first, second, mean = compared(run(a=60, b=80), run(a=(30, 50), b=80)).rows
    assert (first.difference, first.remark) == (None, "scored on different examples")
    assert second.difference and mean.difference is None


def test_a_task_that_one_merge_lacks_is_named_and_left_out_of_the_mean() -> None:
    found = compared(run(a=60, b=80), run(a=70))
    assert [row.remark for row in found.rows] == ["better", "B has no score here"]
    three = {**TASKS, "c": TaskFace("Task C", "tiny/c")}
    assert compared(run(a=60, b=80, c=50), run(a=70, b=80), three).rows[-1].title == "Mean of the 2 that both have"


def test_missing_scores_are_explained() -> None:
    assert compared(None, run(a=60)).empty == "A is not scored yet." and compared(None, run(a=60)).ask
    assert compared(None, None, follows=True).empty == "The scores are on their way."
    assert (
        compared(None, None, tasks={}).empty
        == "No scores: the chosen models have no task sets. Add some under “Your own models”."
    )


def bits(*nats: float) -> Score:
    """A score in bits per byte of texts of 100 bytes each."""
    rows = Rows(tuple(f"text {place}" for place in range(len(nats))), torch.zeros(len(nats)).long())
    return score("t", "validation", "bits per byte", Answers.of(rows, [Answer((each, 100.0)) for each in nats]))


TEXTS = {"t": TaskFace("Texts", "", "bits per byte")}


def test_bits_per_byte_are_compared_on_their_own_scale_and_have_no_part_in_the_mean() -> None:
    one, other = replace(run(a=60, b=80), scores=[]), replace(run(a=60, b=80), scores=[])
    one.scores[:], other.scores[:] = [bits(*[130.0, 140.0] * 20)], [bits(*[120.0, 131.0] * 20)]
    found = compared(one, other, TEXTS)
    [row] = found.rows
    assert (row.scale, row.is_mean, row.remark) == ("bits per byte, lower is better", False, "better")
    assert row.a and row.b and row.difference and (row.a.text, row.b.text) == ("1.95", "1.81")
    assert (row.difference.text, row.difference.verdict) == ("−0.137", "better")
    assert found.verdict.startswith("B is better on this task: −0.137 bits per byte, −0.1")
    one.scores[1:], other.scores[1:] = run(a=60).scores, run(a=60).scores
    both = compared(one, other, {**TEXTS, "a": TASKS["a"]})
    assert [each.title for each in both.rows] == ["Texts", "Task A"], "one share alone has no mean"
    assert both.verdict.endswith("Clear on 1 of 2 tasks.")
