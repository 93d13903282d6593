"""The Answers tab of a session: pages, filters, classes, and what stands there before anything is scored."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from ui.fake_worker import form, opened, run_of

from mergelab.evaluation.kinds import Answer, find_kind
from mergelab.evaluation.scores import Answers, Score, score
from mergelab.evaluation.tasks import TaskSet
from mergelab.ui.messages import AnswersMessage, AnswersRequest
from mergelab.ui.session.answers.answers_view import AnswersView
from mergelab.ui.session.merge_service import MergeService
from mergelab.ui.session.render.scores_by_model import TaskFace

pytestmark = pytest.mark.usefixtures("one_task")
ROWS = 30
ASKED = AnswersRequest(task="", filter="all", page=0, split="validation")


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TaskSet:
    """Thirty texts of two classes."""
    path = tmp_path / "mood.jsonl"
    rows = [{"text": f"text {row}", "label": row % 2, "split": "validation"} for row in range(ROWS)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = TaskSet("task-a", "Task A", "text-classification", ("bad", "good"), "tiny/a", path)
    monkeypatch.setattr(MergeService, "task_sets", lambda self, form: {"task-a": made})
    return made


def answered(task: TaskSet, wrong: set[int]) -> Answers:
    """A model that is wrong on these stored rows."""
    stored = task.rows("validation")
    each = [(row not in wrong, int(stored.labels[row])) for row in stored.order.tolist()]
    return Answers.of(stored.mixed, [Answer((float(right),), label if right else 1 - label) for right, label in each])


@pytest.fixture
def view(task: TaskSet, monkeypatch: pytest.MonkeyPatch) -> AnswersView:
    """A recipe whose merge is wrong on rows 2 and 4, its expert on row 7, and the base on the first ten."""

    def of(wrong: set[int]) -> list[object]:
        return [score("task-a", "validation", "accuracy", answered(task, wrong))]

    run = replace(
        run_of(form().recipe().to_mapping(), "validation"),
        scores=of({2, 4}),
        references={"tiny/base": of(set(range(10))), "tiny/a": of({7})},
    )
    monkeypatch.setattr(
        MergeService, "known_run", lambda self, form, split="validation": run if split == "validation" else None
    )
    session, _ = opened()
    return session.answers_view


def shown(view: AnswersView, **asked: object) -> AnswersMessage:
    [update] = view.show(form(), replace(ASKED, **asked))  # type: ignore[arg-type]
    assert update.answers is not None
    return update.answers


def test_twenty_examples_make_a_page_and_the_rest_the_next(view: AnswersView) -> None:
    first, last = shown(view), shown(view, page=9)
    assert (len(first.rows), first.page, first.pages) == (20, 0, 2)
    assert (len(last.rows), last.page) == (10, 1)
    assert {row.number for row in (*first.rows, *last.rows)} == set(range(1, ROWS + 1))
    assert first.tasks == {"task-a": "Task A"} and first.about.endswith("30 validation examples")


def test_filters_say_how_many_examples_they_find(view: AnswersView) -> None:
    found = shown(view, filter="lost")
    assert {name: each.count for name, each in found.filters.items()} == {"all": 30, "lost": 2, "won": 1, "wrong": 2}
    [one, other] = sorted(found.rows, key=lambda row: row.number)
    assert (one.number, one.text, one.wanted) == (3, "text 2", "bad")
    assert one.merged and one.own and one.base
    assert (one.merged.text, one.merged.right) == ("good", False)
    assert (one.own.right, one.base.right, other.number) == (True, False, 5)


def test_confused_classes_are_drawn(view: AnswersView) -> None:
    found = shown(view)
    assert found.confusion is not None
    assert found.confusion.data[0]["z"] == [[pytest.approx(13 / 15), pytest.approx(2 / 15)], [0.0, 1.0]]
    assert found.confusion_summary == "Most frequent confusion: bad taken for good, 2 of 15."


def test_the_download_has_all_examples_under_the_filter(view: AnswersView) -> None:
    [update] = view.export(form(), replace(ASKED, task="task-a", filter="wrong"))
    table = list(csv.DictReader(io.StringIO(update.answers_csv or "")))
    assert [row["input"] for row in sorted(table, key=lambda row: int(row["number"]))] == ["text 2", "text 4"]
    assert {row["merged"] for row in table} == {"good"} and {row["right"] for row in table} == {"bad"}


def test_before_anything_is_scored_the_tab_says_what_to_do(view: AnswersView) -> None:
    found = shown(view, split="test")
    assert found.rows == () and found.empty.startswith("No answers yet. Press Merge")


def test_unknown_tasks_and_filters_fall_back_to_what_there_is(view: AnswersView, task: TaskSet) -> None:
    found = shown(view, task="no such task", filter="no such filter", page=-3)
    assert (found.task, found.filter, found.page) == (task.name, "all", 0)


def test_experts_that_answer_a_task_of_nobody_have_columns_of_their_own(
    task: TaskSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = replace(task, kind="perplexity", labels=(), settings=find_kind("perplexity").settings())
    rows = texts.rows("validation").mixed

    def scored(nats: float) -> Score:
        return score("task-a", "validation", "bits per byte", Answers.of(rows, [Answer((nats, 6.0))] * ROWS))

    references = {"tiny/base": [scored(8.0)], "tiny/b": [scored(7.0)], "tiny/a": [scored(5.0)]}
    run = replace(run_of(form().recipe().to_mapping(), "validation"), scores=[scored(6.0)], references=references)
    face = {"task-a": TaskFace("Task A", "", "bits per byte")}
    monkeypatch.setattr(MergeService, "task_sets", lambda self, form: {"task-a": texts})
    monkeypatch.setattr(MergeService, "tasks", lambda self, form: face)
    monkeypatch.setattr(MergeService, "known_run", lambda self, form, split="validation": run)
    view = opened()[0].answers_view
    found = shown(view)
    assert (found.experts, found.own, list(found.filters)) == (["Expert A", "Expert B"], False, ["all"])
    assert found.about.endswith("30 validation examples, bits per byte, lower is better")
    row = found.rows[0]
    assert row.base and row.merged and (row.base.text, row.merged.text, row.own) == ("1.92", "1.44", None)
    assert [each and each.text for each in row.experts] == ["1.20", "1.68"]
    [update] = view.export(form(), replace(ASKED, task="task-a"))
    assert (
        update.answers_csv
        and update.answers_csv.splitlines()[0] == "number,input,right,base,expert,merged,Expert A,Expert B"
    )


def test_an_example_of_an_own_file_is_named_by_its_file_and_line(
    task: TaskSet, view: AnswersView, monkeypatch: pytest.MonkeyPatch
) -> None:
    (suite,) = view.show(form(), ASKED)
    monkeypatch.setattr(MergeService, "task_sets", lambda *_: {"task-a": replace(task, origin="mood.jsonl")})
    (own,) = view.show(form(), ASKED)
    assert suite.answers and {row.place for row in suite.answers.rows} == {""}
    assert own.answers and all(row.place == f"mood.jsonl, line {row.number}" for row in own.answers.rows)
