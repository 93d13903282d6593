from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jobs.sweeping.small_search import recipe, task

from mergelab.jobs.sweeping import point_worker
from mergelab.jobs.sweeping.known_merges import KnownMerges
from mergelab.jobs.sweeping.point_models import MergeFacts, PointModels
from mergelab.jobs.task_sets.own_tasks import TaskFiles
from mergelab.recipe import Recipe
from mergelab.runtime.progress import finish
from mergelab.runtime.source_digest import PACKAGE

__all__ = ["recipe", "task"]


def known(checked: Recipe, task: str) -> KnownMerges:
    models = PointModels(TaskFiles.of([task], None, checked.base), None, "cpu")
    return KnownMerges(models, finish(models.open(checked)))


def test_what_is_kept_of_a_merge_is_known_for_its_recipe_alone(recipe: dict[str, Any], task: str) -> None:
    one = Recipe.from_mapping(recipe)
    other = Recipe.from_mapping({**recipe, "method": {"name": "task_arithmetic", "scale": 0.25}})
    known(one, task).keep(one, MergeFacts("abc", 7))
    assert known(one, task).of(one) == MergeFacts("abc", 7)
    assert known(one, task).of(other) is None


def test_what_methods_compute_with_that_was_rewritten_leaves_no_known_merges(
    recipe: dict[str, Any], task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Recipe.from_mapping(recipe)
    known(one, task).keep(one, MergeFacts("abc", 7))
    monkeypatch.setattr(point_worker, "source_digest", lambda sources: "another line in methods/ops")
    assert known(one, task).of(one) is None


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mergelab."):
            yield str(node.module).removeprefix("mergelab.").replace(".", "/")


def test_the_sources_of_a_merge_cover_every_module_below_the_jobs_that_they_take_something_from() -> None:
    files = [file for source in point_worker.SOURCES for file in (PACKAGE / source).rglob("*.py")]
    covered = tuple(source.removesuffix(".py") for source in point_worker.SOURCES)
    assert {name for file in files for name in imported(file) if not name.startswith((*covered, "runtime/"))} <= {
        "runtime"
    }
    assert all((PACKAGE / source).exists() for source in point_worker.SOURCES)


def test_a_method_that_was_rewritten_has_no_known_merges(
    recipe: dict[str, Any], task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Recipe.from_mapping(recipe)
    known(one, task).keep(one, MergeFacts("abc", 7))
    monkeypatch.setattr(inspect, "getsource", lambda module: "return 2 * deltas.mean(0)")
    assert known(one, task).of(one) is None
