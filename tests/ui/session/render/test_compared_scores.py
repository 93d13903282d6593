"""Scores side by side: paired where both merges answered the same rows, and a reason where not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ui.fake_worker import answers, charts, form, run_of

from mergelab.evaluation.scores import score
from mergelab.jobs.workbench import Run
from mergelab.ui.messages import ComparedScores
from mergelab.ui.session.chart_data import ComparedRecipes
from mergelab.ui.session.render.compared_scores import compared_scores, points
from mergelab.ui.session.score_tables import TaskFace

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
    assert (first.difference.value, first.difference.clear, first.remark) == (pytest.approx(0.15), True, "")
    assert 0.06 < first.difference.low < 0.15 < first.difference.high < 0.24
    assert (second.difference.clear, second.remark) == (False, "no clear difference")
    assert (mean.title, mean.n, mean.colour) == ("Mean", 200, None)
    assert mean.difference.value == pytest.approx(0.08) and mean.difference.clear


def test_the_verdict_says_which_is_better_or_that_nothing_is_clear() -> None:
    assert compared(run(a=60, b=80), run(a=75, b=81)).verdict.startswith(
        "B is better on the mean over 2 tasks: +8.0 points"
    )
    assert compared(run(a=75, b=81), run(a=60, b=80)).verdict.endswith("Clear on 1 of 2 tasks.")
    assert compared(run(a=70, b=80), run(a=70, b=81)).verdict.startswith(
        "No clear difference on the mean over 2 tasks: B − A is +0.5"
    )


def test_scores_on_other_rows_stand_side_by_side_without_a_difference() -> None:
    first, second, mean = compared(run(a=60, b=80), run(a=(30, 50), b=80)).rows
    assert (first.difference, first.remark) == (None, "scored on different examples")
    assert second.difference and mean.difference is None


def test_a_task_that_one_merge_lacks_is_named_and_left_out_of_the_mean() -> None:
    found = compared(run(a=60, b=80), run(a=70))
    assert [row.remark for row in found.rows] == ["", "B has no score here"]
    three = {**TASKS, "c": TaskFace("Task C", "tiny/c")}
    assert compared(run(a=60, b=80, c=50), run(a=70, b=80), three).rows[-1].title == "Mean of the 2 that both have"


def test_missing_scores_are_explained() -> None:
    assert compared(None, run(a=60)).empty == "A is not scored yet." and compared(None, run(a=60)).ask
    assert compared(None, None, follows=True).empty == "The scores are on their way."
    assert (
        compared(None, None, tasks={}).empty
        == "No scores: the chosen models have no task sets with right and wrong answers. Add some under “Your own models”."
    )


def test_points_have_a_sign_unless_they_round_to_none() -> None:
    assert [points(value) for value in (0.0214, -0.004, 0.0004, -0.0004)] == ["+2.1", "−0.4", "0.0", "0.0"]
