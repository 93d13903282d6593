from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jobs.sweeping.small_search import OVER, followed, recipe, task
from tiny_task_models import text_model, weights

from mergelab.checkpoints import hash_state
from mergelab.engine import PreparedMerge, merge_state_dicts
from mergelab.evaluation.scores.interval import Estimate
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.jobs import workbench
from mergelab.jobs.sweeping import point_models
from mergelab.jobs.sweeping.sweep_job import sweep
from mergelab.jobs.sweeping.sweep_outcome import Point, PointState, StartOnTest, SweepOutcome
from mergelab.recipe import Recipe
from mergelab.runtime.progress import finish
from mergelab.sweeps import SweepError

__all__ = ["recipe", "task"]


def searched(
    recipe: Mapping[str, Any], task: str, over: object = OVER, **more: Any
) -> tuple[SweepOutcome, list[Point]]:
    """The outcome, and every standing that was told on the way."""
    given = {"recipe": recipe, "over": over, **more}
    return followed(sweep(given, "cpu", task_files=[task], head=recipe["base"]))


def test_every_point_has_the_scores_that_evaluate_gives(recipe: dict[str, Any], task: str) -> None:
    outcome, _ = searched(recipe, task, race="none")
    assert [point.settings for point in outcome.points] == [{"method.scale": scale} for scale in OVER["method.scale"]]
    for point in outcome.points:
        mapping = {**recipe, "method": {"name": "task_arithmetic", "scale": point.settings["method.scale"]}}
        (alone,) = finish(workbench.evaluate(recipe=mapping, device="cpu", task_files=[task], head=recipe["base"]))
        (score,) = point.scores
        assert (score.value, score.n, score.answers) == (alone.value, alone.n, alone.answers)
        assert point.values == (alone.value,) and point.state is PointState.FINISHED


def test_the_best_point_is_the_one_with_the_largest_value_and_is_scored_on_test_rows(
    recipe: dict[str, Any], task: str
) -> None:
    outcome, _ = searched(recipe, task, race="none")
    (best,) = outcome.best
    assert outcome.points[best].values == max(point.values for point in outcome.points)
    (test,) = outcome.test
    assert test.split == "test"
    chosen = outcome.points[best].recipe
    assert chosen is not None
    (alone,) = finish(
        workbench.evaluate(
            recipe=chosen.to_mapping(), split="test", device="cpu", task_files=[task], head=recipe["base"]
        )
    )
    assert test.value == alone.value and test.n == alone.n
    assert isinstance(outcome.optimism, Estimate)
    assert outcome.optimism.value == pytest.approx(outcome.points[best].values[0] - test.value)


def test_the_start_answers_the_same_test_rows_as_the_best_and_is_asked_once(recipe: dict[str, Any], task: str) -> None:
    start = {**recipe, "method": {"name": "task_arithmetic", "scale": 0.7}}
    outcome, _ = searched(start, task, race="none")
    (alone,) = finish(
        workbench.evaluate(recipe=start, split="test", device="cpu", task_files=[task], head=recipe["base"])
    )
    found = outcome.start
    assert found and found.gain and found.value == alone.value and found.best == outcome.test[0].value
    assert alone.answers and outcome.test[0].answers
    assert found.gain == find_metric("accuracy").difference(alone.answers.marks, outcome.test[0].answers.marks), (
        "one look"
    )
    assert outcome.rows == 3 * outcome.points[0].n + 2 * alone.n, (
        "the start is among no points, and answers test rows alone"
    )
    again, _ = searched(start, task, race="none")
    assert again == replace(outcome, rows=0)


def test_a_start_that_is_the_best_has_no_gain(recipe: dict[str, Any], task: str) -> None:
    first, _ = searched(recipe, task, race="none")
    best = first.points[first.best[0]].recipe
    assert best is not None
    outcome, _ = searched(best.to_mapping(), task, race="none")
    assert outcome.start == StartOnTest(outcome.test[0].value, outcome.test[0].value, None)


def test_a_start_that_cannot_be_merged_has_a_reason_instead_of_a_score(
    recipe: dict[str, Any], task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = point_models.merged_body

    def merged(prepared: PreparedMerge) -> Any:
        if prepared.plan.recipe.method.knobs["scale"] == 0.7:
            raise ValueError("no such merge")
        return really(prepared)

    monkeypatch.setattr(point_models, "merged_body", merged)
    outcome, _ = searched({**recipe, "method": {"name": "task_arithmetic", "scale": 0.7}}, task)
    assert outcome.start is None and outcome.start_problem == "no such merge" and outcome.test


def test_points_that_left_the_race_are_alike_too_if_their_rows_do_not_tell_them_from_the_best(
    recipe: dict[str, Any], task: str
) -> None:
    outcome, _ = searched(recipe, task, {"method.scale": "0.5:0.55:0.01"})
    states = {outcome.points[number].state for number in outcome.alike}
    assert PointState.OUT in states and not set(outcome.alike) & set(outcome.best)


def test_a_points_weights_are_those_of_its_recipe(recipe: dict[str, Any], task: str) -> None:
    outcome, _ = searched(recipe, task)
    models = {model: weights(Path(model)) for model in recipe["models"]}
    for point in outcome.points:
        assert point.recipe is not None
        merged = merge_state_dicts(point.recipe.to_mapping(), models, weights(Path(recipe["base"])))
        assert point.weights == hash_state(merged)


def test_a_race_asks_fewer_answers_and_ends_with_a_point_that_answered_all(recipe: dict[str, Any], task: str) -> None:
    over = {"method.scale": "0:1:0.1"}
    outcome, told = searched(recipe, task, over)
    states = {point.state for point in outcome.points}
    assert states == {PointState.OUT, PointState.FINISHED}
    assert all(point.state is PointState.RACING for point in told[:11])
    (best,) = outcome.best
    rows = max(point.n for point in outcome.points)
    assert outcome.points[best].n == rows > min(point.n for point in outcome.points)
    assert outcome.rows < 11 * rows + outcome.test[0].n


def test_a_second_search_asks_nothing_that_was_answered(recipe: dict[str, Any], task: str) -> None:
    first, _ = searched(recipe, task)
    again, _ = searched(recipe, task)
    assert first.rows > 0 == again.rows
    assert again.points == first.points and again.test == first.test


def test_a_sweep_that_goes_on_merges_only_points_that_have_rows_to_answer(
    recipe: dict[str, Any], task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = searched(recipe, task)
    merged, really = list[float](), point_models.merged_body

    def counted(prepared: PreparedMerge) -> Any:
        merged.append(prepared.plan.recipe.method.knobs["scale"])
        return really(prepared)

    monkeypatch.setattr(point_models, "merged_body", counted)
    again, _ = searched(recipe, task)
    assert again == replace(first, rows=0) and merged == []
    searched(recipe, task, {"method.scale": [*OVER["method.scale"], 0.75]}, race="none")
    assert set(merged) <= {0.75, *(point.settings["method.scale"] for point in first.points if point.n < 30)}
    assert 0.75 in merged


def test_points_are_merged_again_once_a_model_has_changed(recipe: dict[str, Any], task: str) -> None:
    first, _ = searched(recipe, task)
    text_model(Path(recipe["models"][0]), seed=9)
    again, _ = searched(recipe, task)
    assert all(
        one.weights != other.weights for one, other in zip(first.points, again.points, strict=True) if one.number
    )


def test_repeated_points_are_worth_the_mean_over_their_seeds(recipe: dict[str, Any], task: str) -> None:
    dropped = {**recipe, "sparsify": {"name": "dare", "density": 0.3}}
    outcome, told = searched(dropped, task, {"sparsify": ["none", "dare"]}, race="none", repeats=3)
    plain, random = outcome.points
    assert plain.repeats == () and len({each.weights for each in random.repeats}) == 3
    for seed, each in enumerate(random.repeats):
        mapping = {**dropped, "seed": seed}
        (alone,) = finish(workbench.evaluate(recipe=mapping, device="cpu", task_files=[task], head=recipe["base"]))
        assert each.recipe.seed == seed and each.values == (alone.value,)
    assert random.values == (pytest.approx(sum(each.values[0] for each in random.repeats) / 3),)
    assert random.scores[0].value == pytest.approx(random.values[0])
    assert [(point.number, point.state) for point in told[:2]] == [
        (0, PointState.FINISHED),
        (1, PointState.FINISHED),
    ], "once all of its seeds have answered all rows, a point waits for no other"
    assert outcome.optimism and len(outcome.test) == 1
    again, _ = searched(dropped, task, {"sparsify": ["none", "dare"]}, race="none", repeats=3)
    assert again == replace(outcome, rows=0)


def test_a_knob_that_a_method_lacks_makes_no_further_points(recipe: dict[str, Any], task: str) -> None:
    outcome, _ = searched(
        recipe, task, {"method": ["average", "task_arithmetic"], "method.scale": [0.5, 0.7]}, race="none"
    )
    assert [point.settings for point in outcome.points] == [
        {"method": "average"},
        {"method": "task_arithmetic", "method.scale": 0.5},
        {"method": "task_arithmetic", "method.scale": 0.7},
    ]
    assert len({point.weights for point in outcome.points}) == 3


def test_several_objectives_give_a_front_whose_recipes_are_scored_on_test_rows_once(
    recipe: dict[str, Any], task: str
) -> None:
    outcome, _ = searched(recipe, task, objective=["mean", "worst"])
    best = max(point.values for point in outcome.points)
    assert {outcome.points[number].values for number in outcome.best} == {best}, "one task: both objectives agree"
    assert outcome.test == () and outcome.optimism is None and outcome.start is None
    assert [each.number for each in outcome.front] == list(outcome.best) and outcome.left_out == ()
    for each in outcome.front:
        point = outcome.points[each.number]
        assert point.recipe is not None
        mapping = point.recipe.to_mapping()
        (alone,) = finish(
            workbench.evaluate(recipe=mapping, split="test", device="cpu", task_files=[task], head=recipe["base"])
        )
        assert each.scores[0].value == alone.value and each.values == (alone.value, alone.value)
        assert [found.value for found in each.optimism] == [pytest.approx(point.values[0] - alone.value)] * 2
    rows = len(outcome.points) * outcome.points[0].n + sum(each.scores[0].n for each in outcome.front)
    start = finish(
        workbench.evaluate(recipe=recipe, split="test", device="cpu", task_files=[task], head=recipe["base"])
    )
    started = [each.is_start for each in outcome.front]
    assert outcome.rows == rows + (0 if any(started) else start[0].n)
    for each in outcome.front:
        gains = [pytest.approx(each.values[0] - start[0].value)] * 2
        assert [found.value for found in each.gains] == ([] if each.is_start else gains)
    again, _ = searched(recipe, task, objective=["mean", "worst"])
    assert again == replace(outcome, rows=0)


@pytest.mark.parametrize("objective", [["mean"], ["mean", "worst"]])
def test_without_test_rows_what_was_found_stays_and_the_reason_is_told(
    recipe: dict[str, Any], task: str, objective: list[str]
) -> None:
    table = Path(task)
    table.write_text("".join(row for row in table.read_text().splitlines(keepends=True) if ",test" not in row))
    outcome, _ = searched(recipe, task, objective=objective)
    assert outcome.best and outcome.front == () and outcome.test == () and outcome.optimism is None
    assert "has no rows in split 'test'" in outcome.test_problem


def test_a_search_ends_with_its_points(recipe: dict[str, Any], task: str) -> None:
    outcome, _ = searched(recipe, task, {"method.scale": "0:1"}, sampler="random", points=6)
    assert len(outcome.points) == 6 and len(outcome.best) == 1


def test_a_recipe_that_a_sampler_proposes_twice_at_once_is_worth_the_same_twice(
    recipe: dict[str, Any], task: str
) -> None:
    outcome, told = searched(recipe, task, sampler="random", points=8, race="none")
    scales = [point.settings["method.scale"] for point in outcome.points]
    assert any(len(set(scales[start : start + 4])) < 4 for start in (0, 4)), "three values, four points at once"
    assert {(point.settings["method.scale"], point.values) for point in outcome.points} == {
        (point.settings["method.scale"], point.values) for point in told if point.state is PointState.FINISHED
    }
    assert all(point.state is PointState.FINISHED for point in outcome.points)


def test_without_a_task_there_is_nothing_to_search_for(recipe: dict[str, Any]) -> None:
    with pytest.raises(SweepError, match="needs task sets to score"):
        finish(sweep({"recipe": recipe, "over": OVER}, "cpu"))


def test_the_recipes_of_points_are_complete(recipe: dict[str, Any], task: str) -> None:
    outcome, _ = searched(recipe, task)
    assert all(isinstance(point.recipe, Recipe) for point in outcome.points)


def test_no_point_of_a_grid_begins_after_the_time_is_over(recipe: dict[str, Any], task: str) -> None:
    outcome, _ = searched(recipe, task, minutes=1e-9)
    assert [(point.number, point.state) for point in outcome.points] == [(0, PointState.FINISHED)]
    assert outcome.best == (0,)
