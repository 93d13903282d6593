"""Scores tighten block by block, and no row is asked twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_task_models import MOODS, sentences, text_model, text_task, weights
from torch import Tensor

from mergelab.checkpoints import hash_state
from mergelab.evaluation.evaluate import evaluate
from mergelab.evaluation.scores import Score
from mergelab.evaluation.scoring import recalled_score, scored, scored_in_blocks
from mergelab.evaluation.tasks import TaskSet
from mergelab.runtime.progress import Progress, finish

Asked = list[tuple[int, int]]


@pytest.fixture
def expert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path / "cache"))
    return text_model(tmp_path / "expert")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """The ranges of rows that models are asked."""
    from mergelab.evaluation import answer_sheet

    ranges: Asked = []
    ask = answer_sheet.ask

    def watched(body: object, task: object, rows: object, start: int, stop: int, device: str) -> object:
        ranges.append((start, stop))
        return ask(body, task, rows, start, stop, device)  # type: ignore[arg-type]

    monkeypatch.setattr(answer_sheet, "ask", watched)
    return ranges


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny models count as large ones, which are asked in blocks."""
    monkeypatch.setattr("mergelab.evaluation.small_models.MOST", 0)


def body(folder: Path) -> dict[str, Tensor]:
    return {key.removeprefix("bert."): value for key, value in weights(folder).items() if key.startswith("bert.")}


def test_a_score_comes_after_every_block_and_ends_where_one_pass_does(
    tmp_path: Path, expert: Path, large: None
) -> None:
    task = text_task(tmp_path, expert, sentences(70))
    steps = list(scored_in_blocks(body(expert), [task], "test", None, "cpu"))
    scores = [step for step in steps if isinstance(step, Score)]
    assert [(score.n, score.asked, score.complete) for score in scores] == [(25, 70, 0), (50, 70, 0), (70, 70, 1)]
    assert [scores[-1]] == finish(evaluate(body(expert), [task], "test"))
    rows = [(step.done, step.total) for step in steps if isinstance(step, Progress)]
    assert rows == sorted(rows) and rows[-1] == (70, 70)


def test_all_tasks_have_a_first_score_before_any_has_its_second(tmp_path: Path, expert: Path, large: None) -> None:
    (tmp_path / "other").mkdir()
    one = text_task(tmp_path, expert, sentences(60))
    other = TaskSet("other", "Other", "text-classification", MOODS, str(expert), one.path)
    steps = scored_in_blocks(body(expert), [one, other], "test", 50, "cpu")
    found = [(step.task, step.n) for step in steps if isinstance(step, Score)]
    assert found == [("moods", 25), ("other", 25), ("moods", 50), ("other", 50)]


def test_a_small_model_answers_all_rows_at_once(tmp_path: Path, expert: Path, asked: Asked) -> None:
    task = text_task(tmp_path, expert, sentences(70))
    steps = list(scored_in_blocks(body(expert), [task], "test", None, "cpu"))
    [score] = [step for step in steps if isinstance(step, Score)]
    assert score.complete and asked == [(0, 70)] and score.first >= 70


def test_more_rows_and_a_second_look_cost_only_what_is_new(
    tmp_path: Path, expert: Path, asked: Asked, large: None
) -> None:
    task, state = text_task(tmp_path, expert, sentences(90)), body(expert)
    [few] = finish(scored(state, [task], "test", 30, "cpu"))
    assert asked == [(0, 25), (25, 30)]
    assert recalled_score(hash_state(state), task, "test", 30, "cpu") == few
    assert recalled_score(hash_state(state), task, "test", None, "cpu") is None
    [every] = finish(scored(state, [task], "test", None, "cpu"))
    assert asked[2:] == [(30, 50), (50, 90)]
    assert finish(scored(state, [task], "test", 30, "cpu")) == [few]
    assert finish(scored(state, [task], "test", None, "cpu")) == [every]
    assert len(asked) == 4


def test_other_weights_and_a_changed_head_are_asked_again(tmp_path: Path, expert: Path, asked: Asked) -> None:
    task = text_task(tmp_path, expert, sentences(10))
    finish(scored(body(expert), [task], "test", None, "cpu"))
    other = text_model(tmp_path / "other", seed=1)
    finish(scored(body(other), [task], "test", None, "cpu"))
    assert len(asked) == 2
    text_model(expert, seed=2)  # the same folder holds another head
    finish(scored(body(other), [task], "test", None, "cpu"))
    assert len(asked) == 3
