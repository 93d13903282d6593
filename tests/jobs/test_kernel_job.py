"""Kernels are loaded by a job that can be stopped, and goes on where it was."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from tiny_folders import folders, recipe_for

from mergelab.engine.planning import ready_kernels
from mergelab.jobs import kernel_job
from mergelab.jobs.workbench import load_kernels
from mergelab.recipe import Recipe
from mergelab.runtime.progress import finish


@pytest.fixture(autouse=True)
def nothing_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready_kernels, "_ready", set())
    monkeypatch.setattr(kernel_job, "_threads", {})


def test_the_kernels_of_a_recipe_are_ready_after_the_job(tmp_path: Path) -> None:
    folders(tmp_path)
    recipe = recipe_for(tmp_path, "task_arithmetic")
    finish(load_kernels(recipe, device="cpu"))
    assert ready_kernels.are_ready(Recipe.from_mapping(recipe))


def test_a_stopped_job_goes_on_in_its_thread_and_no_second_one_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, begun = threading.Event(), list[object]()

    def load(planned: object) -> None:
        begun.append(planned)
        gate.wait(20)

    monkeypatch.setattr(kernel_job, "_load", load)
    folders(tmp_path)
    steps = load_kernels(recipe_for(tmp_path), device="cpu")
    while not begun:
        next(steps)
    steps.close()
    again = load_kernels(recipe_for(tmp_path), device="cpu")
    next(again)
    gate.set()
    finish(again)
    assert len(begun) == 1


def test_a_merge_that_fails_leaves_nothing_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("no such merge")

    monkeypatch.setattr(kernel_job, "prepare", fail)
    folders(tmp_path)
    recipe = recipe_for(tmp_path)
    finish(load_kernels(recipe, device="cpu"))
    assert not ready_kernels.are_ready(Recipe.from_mapping(recipe))


def test_a_method_that_learns_from_examples_has_no_kernels_to_load(tmp_path: Path) -> None:
    folders(tmp_path)
    recipe = recipe_for(tmp_path, "fisher")
    finish(load_kernels(recipe, device="cpu"))
    assert not ready_kernels.are_ready(Recipe.from_mapping(recipe))
