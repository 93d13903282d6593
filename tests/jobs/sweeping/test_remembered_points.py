from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mergelab.evaluation.scores import Score
from mergelab.evaluation.scores.interval import Estimate
from mergelab.jobs.recording.run_history import history_of
from mergelab.jobs.sweeping.remembered_points import RememberedPoints
from mergelab.jobs.sweeping.sweep_outcome import Point, PointOnTest, PointState, Repeat, SweepOutcome
from mergelab.recipe import Recipe
from mergelab.runs import RunStore
from mergelab.sweeps import Sweep

RECIPE = {"base": "o", "models": ["a", "b"], "method": "task_arithmetic", "sparsify": "dare"}
SWEEP = Sweep.from_mapping({"recipe": RECIPE, "over": {"method.scale": [0.5, 1.0]}, "repeats": 2})
SCORE = Score("movie", "validation", "accuracy", 0.5, 40, 0.4, 0.6)
ONE = Point(0, {}, PointState.FINISHED, Recipe.from_mapping(RECIPE), "w0", (SCORE,), (0.5,))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    opened = RunStore.open(tmp_path / "runs.sqlite")
    yield opened
    opened.close()


def test_a_point_is_a_run_once_its_standing_is_final(store: RunStore) -> None:
    points = RememberedPoints(store, SWEEP, "moods", "cpu")
    points.take(replace(ONE, state=PointState.RACING))
    assert store.runs() == []
    points.take(ONE)
    RememberedPoints(store, SWEEP, "moods", "cpu").take(ONE)
    (run,) = store.runs()
    assert run.request.name == "moods 1" and run.result and run.result.weights == "w0"


def test_the_best_on_test_rows_is_a_run_whose_history_says_what_the_selection_was_worth(store: RunStore) -> None:
    assert ONE.recipe
    test = replace(SCORE, split="test", value=0.4375, n=500)
    outcome = SweepOutcome((ONE,), (0,), test=(test,), optimism=Estimate(0.0625, -0.1, 0.2))
    points = RememberedPoints(store, SWEEP, "moods", "cpu")
    points.take(ONE)
    points.end(outcome)
    points.end(outcome)
    run, _ = store.runs()
    assert (run.request.name, run.request.split) == ("moods 1, test rows", "test")
    validation, last = history_of(store, ONE.recipe.digest())
    assert "one of 1 of sweep" in validation
    assert last.endswith(
        "43.8 % (40–60, n = 500 test). Its selection by the sweep was worth +6.2 points: validation minus test."
    )


def test_the_points_of_a_front_on_test_rows_are_runs_too(store: RunStore) -> None:
    test, worth = replace(SCORE, split="test", value=0.4375, n=500), Estimate(0.0625, -0.1, 0.2)
    outcome = SweepOutcome((ONE,), (0,), front=(PointOnTest(0, (test,), (0.4375,), (worth,)),))
    points = RememberedPoints(store, SWEEP, "moods", "cpu")
    for _ in range(2):
        points.end(outcome)
    (run,) = store.runs()
    assert (run.request.name, run.request.split, run.result and run.result.figures) == (
        "moods 1, test rows",
        "test",
        {},
    )


def test_a_point_with_several_seeds_is_a_run_for_each(store: RunStore) -> None:
    seeds = [Recipe.from_mapping({**RECIPE, "seed": seed}) for seed in (0, 1)]
    repeats = tuple(Repeat(recipe, f"w{recipe.seed}", (SCORE,), (0.5,)) for recipe in seeds)
    RememberedPoints(store, SWEEP, "moods", "cpu").take(replace(ONE, repeats=repeats))
    found = [(run.request.name, run.result and run.result.weights) for run in store.runs()]
    assert found == [("moods 1, seed 1", "w1"), ("moods 1, seed 0", "w0")]
