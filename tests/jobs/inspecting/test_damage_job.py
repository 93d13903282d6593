"""The job that measures a damage map: whose tasks, kept as a whole, and growing on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from own_tasks import experts_with_tables, recipe_of_experts

from mergelab.analysis.damage import DamageMap
from mergelab.evaluation.tasks import TaskError
from mergelab.jobs import workbench
from mergelab.jobs.inspecting import damage_job
from mergelab.recipe import RecipeError
from mergelab.runtime.progress import Partial, finish


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return experts_with_tables(tmp_path_factory.mktemp("models"))


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path / "cache"))


def arguments(models: Path, **more: Any) -> dict[str, Any]:
    files = [f"{models / name}={models / name}.csv" for name in ("moods", "topics")]
    return {"recipe": recipe_of_experts(models), "task_files": files, "device": "cpu", **more}


def test_own_task_sets_are_measured_and_a_complete_map_is_kept(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = list(workbench.damage(**arguments(models, restore="base", rows=10)))
    partial = [step.result for step in steps if isinstance(step, Partial)]
    assert all(isinstance(each, DamageMap) for each in partial) and partial[0].known == 1
    monkeypatch.setattr(damage_job, "merged_body", lambda *_: pytest.fail("the map is kept"))
    found = finish(workbench.damage(**arguments(models, restore="base", rows=10)))
    assert found.complete and list(found.tasks) == ["moods", "topics"] and set(found.asked.values()) == {10}
    assert all(cell.conflicting is not None and found.damage(cell) for cell in found.cells)


def test_the_mean_put_back_into_an_average_changes_nothing(models: Path) -> None:
    found = finish(workbench.damage(**arguments(models, rows=5)))
    assert all(found.is_unchanged(cell) for cell in found.cells)


def test_each_task_gets_its_own_expert_back(models: Path) -> None:
    found = finish(workbench.damage(**arguments(models, restore="expert", rows=5)))
    assert found.complete and not any(found.is_unchanged(cell) for cell in found.cells)


def test_models_without_task_sets_and_unknown_treatments_are_refused(models: Path) -> None:
    with pytest.raises(TaskError, match="damage is measured on task sets, and there is none"):
        finish(workbench.damage(recipe_of_experts(models), device="cpu"))
    with pytest.raises(TaskError, match="no suite, so it has no task set mnist: give your own under “Task sets”"):
        finish(workbench.damage(recipe_of_experts(models), tasks=["mnist"], device="cpu"))
    with pytest.raises(RecipeError, match="restore must be one of mean, expert, base, got 'median'"):
        finish(workbench.damage(recipe_of_experts(models), restore="median"))
