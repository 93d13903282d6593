from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jobs.sweeping.small_search import recipe, task

from mergelab.jobs.sweeping.point_models import Block, PointModels
from mergelab.jobs.sweeping.point_worker import PointWorker, WorkerOrder
from mergelab.jobs.task_sets.own_tasks import TaskFiles
from mergelab.recipe import Recipe
from mergelab.runtime.progress import finish
from mergelab.sweeps import SweepError

__all__ = ["recipe", "task"]


@pytest.fixture
def order(recipe: dict[str, Any], task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorkerOrder:
    """The order for workers like this process, which comes back to its own folder."""
    monkeypatch.chdir(tmp_path)
    checked = Recipe.from_mapping(recipe)
    models = PointModels(TaskFiles.of([task], checked, recipe["base"]), None, "cpu")
    return WorkerOrder.here(models, finish(models.open(checked)))


def refusal(order: WorkerOrder) -> str:
    with pytest.raises(SweepError) as refused:
        PointWorker(order).open()
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_worker_gives_what_the_sweeps_own_process_gives(order: WorkerOrder) -> None:
    worker, models = PointWorker(order), PointModels(order.own, order.names, order.device)
    worker.open()
    finish(models.open(order.recipe))
    block = Block(0, "validation", 3, 9)
    assert worker.merge(order.recipe) == finish(models.merge(order.recipe))
    assert worker.answer(order.recipe, [block]) == [finish(models.answer(order.recipe, block))]


def test_a_model_that_a_node_does_not_see_is_named_with_the_next_step(
    order: WorkerOrder, recipe: dict[str, Any]
) -> None:
    Path(recipe["models"][1]).rename(f"{recipe['models'][1]} elsewhere")
    told = refusal(order)
    assert "cannot open what the sweep's machine has opened: " in told and recipe["models"][1] in told
    assert told.endswith("put it into a folder that every node sees at the same path (docs/cluster.md)")


def test_another_model_at_the_same_path_is_noticed(order: WorkerOrder, recipe: dict[str, Any]) -> None:
    one, other = (Path(model) / "model.safetensors" for model in recipe["models"])
    one.write_bytes(other.read_bytes())
    assert f"finds another content in {recipe['models'][0]}; put it" in refusal(order)


def test_other_rows_at_the_same_path_are_noticed(order: WorkerOrder, task: str) -> None:
    Path(task).write_text(Path(task).read_text().replace("bad film", "bad book"))
    assert "finds another content in the " in refusal(order) and " rows of moods; put it" in refusal(order)


@pytest.mark.parametrize(
    ("name", "step"),
    [("torch", "install the same versions on every node"), ("processor", "set MERGELAB_PORTABLE=1 before the command")],
)
def test_a_node_that_would_compute_other_bits_is_refused(order: WorkerOrder, name: str, step: str) -> None:
    computing: Mapping[str, str] = {**order.computing, name: "another"}
    told = refusal(replace(order, computing=computing))
    assert f"computes with {name} {order.computing[name]}, the sweep's machine with another" in told and step in told


def test_a_node_with_too_few_processors_is_refused(order: WorkerOrder) -> None:
    count = os.cpu_count() or 1
    assert f"has {count} processors, fewer than the {count + 1} threads" in refusal(replace(order, threads=count + 1))
