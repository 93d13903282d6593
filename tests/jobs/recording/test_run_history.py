from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mergelab.evaluation.scores import Score
from mergelab.jobs.recording.run_history import history_of
from mergelab.runs import RunKind, RunRequest, RunResult, RunStore

SCORES = tuple(
    Score(task, "test", "accuracy", value, 200, value - 0.1, value + 0.1) for task, value in (("a", 0.5), ("b", 0.7))
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    opened = RunStore.open(tmp_path / "runs.sqlite")
    yield opened
    opened.close()


def add(store: RunStore, digest: str, kind: RunKind, scores: tuple[Score, ...] = SCORES, group: str = "") -> None:
    store.finish(store.add(RunRequest(kind, "TIES", digest=digest, group=group)), RunResult(scores=scores))


def test_each_scored_run_of_the_recipe_is_a_sentence_with_its_mean_first(store: RunStore) -> None:
    add(store, "one", RunKind.EVALUATION)
    add(store, "another", RunKind.EVALUATION)
    add(store, "one", RunKind.SAVE, scores=())
    (sentence,) = history_of(store, "one")
    assert sentence.startswith("Run 1 (evaluation, 20")
    assert "mean 60.0 %" in sentence
    assert sentence.endswith("a 50.0 % (40–60, n = 200 test); b 70.0 % (60–80, n = 200 test).")


def test_a_point_of_a_sweep_says_how_many_recipes_were_tried(store: RunStore) -> None:
    add(store, "one", RunKind.SWEEP_POINT, group="sweep 12ab")
    add(store, "two", RunKind.SWEEP_POINT, group="sweep 12ab")
    (sentence,) = history_of(store, "one")
    assert ", one of 2 of sweep 12ab: mean 60.0 %" in sentence


def test_a_recipe_without_runs_has_no_history(store: RunStore) -> None:
    assert history_of(store, "one") == ()


def test_a_point_of_a_sweep_says_which_settings_were_tried(store: RunStore) -> None:
    for density, name in ((0.2, "ties"), (0.7, "ties"), (0.5, "dare_ties")):
        recipe = {"base": "b", "models": ["a"], "method": {"name": name, "density": density}}
        request = RunRequest(
            RunKind.SWEEP_POINT, "Sweep", {**recipe, "models": [{"model": "a"}]}, f"{density}", group="sweep 1"
        )
        store.finish(store.add(request), RunResult(scores=SCORES))
    (sentence,) = history_of(store, "0.2")
    assert "one of 3 of sweep 1, which tried method dare_ties or ties, method.density from 0.2 to 0.7: mean" in sentence
