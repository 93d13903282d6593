from __future__ import annotations

from typing import Any

import pytest
from jobs.sweeping.small_search import recipe, task

from mergelab.jobs import recipe_plans
from mergelab.jobs.sweeping import point_models
from mergelab.jobs.sweeping.point_models import Block, PointModels
from mergelab.jobs.task_sets.own_tasks import TaskFiles
from mergelab.recipe import Recipe
from mergelab.runtime.progress import finish

__all__ = ["recipe", "task"]


def points(recipe: dict[str, Any]) -> list[Recipe]:
    return [
        Recipe.from_mapping({**recipe, "method": {"name": "task_arithmetic", "scale": scale}}) for scale in (0.25, 0.5)
    ]


def test_models_are_opened_once_for_all_points(
    recipe: dict[str, Any], task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, really = list[str](), recipe_plans.open_model

    def counted(reference: str, *more: Any) -> Any:
        opened.append(reference)
        return really(reference, *more)

    monkeypatch.setattr(recipe_plans, "open_model", counted)
    models = PointModels(TaskFiles.of([task], None, recipe["base"]), None, "cpu")
    finish(models.open(points(recipe)[0]))
    for point in points(recipe):
        finish(models.merge(point))
    assert opened == [recipe["base"], *recipe["models"]]


def test_a_merge_that_found_no_room_is_made_again_with_the_same_bits(
    recipe: dict[str, Any], task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = PointModels(TaskFiles.of([task], None, recipe["base"]), None, "cpu")
    finish(models.open(points(recipe)[0]))
    kept = [finish(models.merge(point)) for point in points(recipe)]
    block = Block(0, "test", 0, 20)
    answers = [finish(models.answer(point, block)) for point in points(recipe)]
    monkeypatch.setattr(point_models, "MEMORY", 0)
    assert [finish(models.merge(point)) for point in points(recipe)] == kept
    assert [finish(models.answer(point, block)) for point in points(recipe)] == answers
