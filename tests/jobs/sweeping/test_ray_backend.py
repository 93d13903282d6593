"""Sweeps on a real Ray of this machine, with two workers."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from jobs.sweeping.small_search import followed, recipe, task

from mergelab import cli
from mergelab.jobs.sweeping import ray_workers
from mergelab.jobs.sweeping.point_models import PointModels
from mergelab.jobs.sweeping.point_worker import WorkerOrder
from mergelab.jobs.sweeping.ray_cluster import RayCluster
from mergelab.jobs.sweeping.ray_workers import RayWorkers, Request
from mergelab.jobs.sweeping.sweep_job import sweep
from mergelab.jobs.sweeping.sweep_outcome import Point, PointState, SweepOutcome
from mergelab.jobs.task_sets.own_tasks import TaskFiles
from mergelab.recipe import Recipe
from mergelab.runtime.progress import finish
from mergelab.sweeps import SweepError

__all__ = ["recipe", "task"]


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """Two processors of this machine, with a token that is nowhere on disk."""
    import ray

    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        ray.init(num_cpus=2, include_dashboard=False, object_store_memory=80 * 2**20, log_to_driver=False)
        yield
        ray.shutdown()


def worker_processes() -> list[psutil.Process]:
    """The processes of workers that have read their order."""
    return [each for each in psutil.Process().children(recursive=True) if each.name().startswith("ray::PointWorker")]


def searched(
    given: Mapping[str, Any], task: str, cluster: RayCluster | None, kills: int = 0
) -> tuple[SweepOutcome, list[Point]]:
    """The outcome, and the standings on the way; the first `kills` times that a point has answered, a worker is killed."""
    left = [0] * kills

    def look(point: Point) -> None:
        if left and point.state is PointState.RACING:
            os.kill(worker_processes()[left.pop()].pid, signal.SIGKILL)

    return followed(sweep(given, "cpu", task_files=[task], head=given["recipe"]["base"], cluster=cluster), look)


def test_a_worker_killed_in_the_middle_changes_no_bit_of_the_result(
    recipe: dict[str, Any], task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    over = {"method.scale": "0:1", "weight of " + recipe["models"][0]: "0.5:1.5"}
    given = {"recipe": recipe, "over": over, "sampler": "tpe", "points": 10}
    here, told = searched(given, task, None)
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path / "other"))
    there, told_there = searched(given, task, RayCluster(workers=2), kills=1)
    assert there == here, "points, answers, values, winner, test scores and the number of answers"
    assert told_there == told, "in the same order"
    assert "was lost with its worker, because" in caplog.text and "it is tried again" in caplog.text
    assert psutil.wait_procs(worker_processes(), 20)[1] == [], "a sweep leaves no worker behind"


def test_the_command_prints_the_same_on_a_cluster(
    recipe: dict[str, Any],
    task: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "moods.yml").write_text(yaml.safe_dump(recipe))
    command = [
        "sweep",
        str(tmp_path / "moods.yml"),
        "--over",
        "method.scale=0:1:0.125",
        "--race",
        "safe",
        "--task",
        task,
    ]
    command += ["--head", recipe["base"], "--json", "--runs", "none", "--device", "cpu"]
    assert cli.main(command) == 0
    here = capsys.readouterr().out
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path / "other"))
    assert cli.main([*command, "--backend", "ray", "--address", "auto", "--workers", "1"]) == 0
    assert capsys.readouterr().out == here


def ordered(recipe: Mapping[str, Any], task: str) -> WorkerOrder:
    """The order for workers like this process."""
    checked = Recipe.from_mapping(recipe)
    models = PointModels(TaskFiles.of([task], checked, recipe["base"]), None, "cpu")
    return WorkerOrder.here(models, finish(models.open(checked)))


class Deadly:
    """Ends the process that reads it."""

    def __reduce__(self) -> tuple[Any, tuple[int]]:
        return os._exit, (1,)


def test_a_point_that_takes_its_workers_with_it_ends_the_sweep_with_the_reason(
    recipe: dict[str, Any], task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_workers, "LOSSES", 2)
    workers = RayWorkers(ordered(recipe, task), 1)
    with pytest.raises(
        SweepError, match=r"^point 3 was lost 2 times with its worker, the last time because .+; if a node"
    ):
        list(workers.run([Request("point 3", "merge", (Deadly(),))]))
    workers.close()


def test_a_sweep_says_what_its_workers_wait_for(
    recipe: dict[str, Any], task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_workers, "PATIENCE", 0.2)
    workers = RayWorkers(replace(ordered(recipe, task), threads=64), 1)
    with pytest.raises(
        SweepError, match=r"^no worker has started .+; each needs 64 free processors: look at `ray status`"
    ):
        list(workers.run([Request("point 1", "merge")]))
    workers.close()
