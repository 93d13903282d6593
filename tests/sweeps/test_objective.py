from __future__ import annotations

import pytest
from sweeps.scored import answered

from mergelab.evaluation.scores import Score
from mergelab.sweeps import SweepError
from mergelab.sweeps.objective import SweepObjective, read_objective

METRICS = {"movie": "accuracy", "song": "accuracy", "text": "bits per byte"}
SCORES = {
    "movie": answered(range(10)),
    "song": answered(range(30), "song"),
    "text": Score("text", "validation", "bits per byte", 1.5, 40, 1.25, 1.75),
}


def objective(name: str) -> SweepObjective:
    return read_objective(name, METRICS, {"movie": 0.5, "song": 1.0})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mean", 0.5),
        ("worst", 0.25),
        ("normalised", (0.25 / 0.5 + 0.75 / 1.0) / 2),
        ("task:song", 0.75),
        ("task:text", -1.5),
    ],
)
def test_the_figure_of_known_scores(name: str, value: float) -> None:
    assert objective(name).value(SCORES) == pytest.approx(value)


@pytest.mark.parametrize("name", ["mean", "worst", "normalised"])
def test_a_difference_is_paired_and_has_both_signs(name: str) -> None:
    better = {**SCORES, "movie": answered(range(30)), "song": answered(range(39), "song")}
    there = objective(name).difference(SCORES, better, 1.96)
    back = objective(name).difference(better, SCORES, 1.96)
    assert there.value == pytest.approx(objective(name).value(better) - objective(name).value(SCORES))
    assert there.low > 0 > back.high and back.value == pytest.approx(-there.value)
    assert objective(name).difference(SCORES, SCORES, 1.96).value == 0.0


def test_more_standard_errors_give_a_wider_interval() -> None:
    better = {**SCORES, "movie": answered(range(14))}
    for name in ("mean", "worst"):
        narrow, wide = (objective(name).difference(SCORES, better, z) for z in (1.0, 3.0))
        assert wide.low < narrow.low <= narrow.value <= narrow.high < wide.high


def test_differences_count_the_rows_that_both_answered() -> None:
    few = {**SCORES, "movie": answered(range(10), rows=40).on_first(20)}
    assert objective("task:movie").difference(few, SCORES, 1.96).value == 0.0


def test_the_error_of_a_mean_is_smaller_than_that_of_its_tasks() -> None:
    half = (SCORES["movie"].high - SCORES["movie"].low) / 2
    assert 0 < objective("mean").error(SCORES) < half == objective("worst").error(SCORES)


@pytest.mark.parametrize(
    ("name", "metrics", "told"),
    [
        ("avg", METRICS, "no objective 'avg'"),
        ("task:film", METRICS, "no task 'film'"),
        ("mean", {"text": "bits per byte"}, "scored by a share of rows; use task:NAME with one of text"),
        ("normalised", {**METRICS, "book": "accuracy"}, "book has none"),
    ],
)
def test_what_cannot_be_made_large_is_refused(name: str, metrics: dict[str, str], told: str) -> None:
    with pytest.raises(SweepError, match=told):
        read_objective(name, metrics, {"movie": 0.5, "song": 1.0})
