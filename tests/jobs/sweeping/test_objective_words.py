from __future__ import annotations

from mergelab.evaluation.scores import Score
from mergelab.evaluation.scores.interval import Estimate
from mergelab.jobs.sweeping.objective_words import ObjectiveWords, objective_title, score_of
from mergelab.jobs.sweeping.sweep_outcome import Point, PointState

BITS = Score("read", "validation", "bits per byte", 1.5, 40, 1.4, 1.6)
POINT = Point(0, {}, PointState.FINISHED, None, "w", (BITS,), (-1.5,))


def test_what_a_sweep_makes_large_is_written_as_it_is_measured() -> None:
    words = ObjectiveWords.of(POINT, "task:read")
    assert words.sign == -1 and words.score(-1.5).startswith("1.5")
    assert words.difference(Estimate(-0.25, -0.5, 0.125)).startswith("+0.25")


def test_an_objective_that_is_a_score_is_that_score() -> None:
    assert score_of(POINT, "task:read") == BITS and score_of(POINT, "normalised") is None


def test_titles_are_those_of_the_tasks_where_they_have_some() -> None:
    assert objective_title("worst") == "Worst task"
    assert [objective_title("task:read"), objective_title("task:read", {"read": "Reading"})] == ["read", "Reading"]
