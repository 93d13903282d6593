"""Rows with the answers of base, expert and merge, and the filters that find the interesting ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from mergelab.evaluation.answered_rows import BASE, FILTERS, MERGED, OWN, answered_rows, confusion
from mergelab.evaluation.kinds import Answer, Rows
from mergelab.evaluation.scores import Answers
from mergelab.evaluation.tasks import TaskSet

LABELS = ("bad", "good")
TEXTS = [("awful", "bad"), ("lovely", "good"), ("dull", "bad"), ("fine", "good")]


def task(folder: Path) -> TaskSet:
    path = folder / "mood.jsonl"
    path.write_text("".join(json.dumps({"text": t, "label": label, "split": "test"}) + "\n" for t, label in TEXTS))
    return TaskSet("mood", "Mood", "text-classification", LABELS, "some/head", path)


def answers(asked: TaskSet, *given: int) -> Answers:
    """A model that answers the stored rows with these classes."""
    stored = asked.rows("test")
    in_order = [(given[row], int(stored.labels[row])) for row in stored.order.tolist()]
    return Answers.of(stored.mixed, [Answer((float(said == right),), said) for said, right in in_order])


def test_rows_carry_the_answers_of_all_three_and_their_stored_numbers(tmp_path: Path) -> None:
    asked = task(tmp_path)
    given = {BASE: answers(asked, 0, 0, 0, 0), OWN: answers(asked, 0, 1, 0, 1), MERGED: answers(asked, 0, 1, 1, 0)}
    found = sorted(answered_rows(asked, "test", given), key=lambda row: row.number)
    assert [(row.number, row.row.input, row.row.label) for row in found] == [
        (1, "awful", 0),
        (2, "lovely", 1),
        (3, "dull", 0),
        (4, "fine", 1),
    ]
    lost = [row.row.input for row in found if FILTERS["lost"][1](row)]
    assert lost == ["dull", "fine"] and not any(FILTERS["won"][1](row) for row in found)
    assert confusion(found, LABELS).tolist() == [[1, 1], [1, 1]]
    assert [asked.asked.wanted(row.row, LABELS) for row in found] == ["bad", "good", "bad", "good"]


def test_only_rows_that_the_merge_has_answered_are_there(tmp_path: Path) -> None:
    asked = task(tmp_path)
    given = {OWN: answers(asked, 0, 1, 0, 1), MERGED: answers(asked, 0, 1, 1, 0).first(3)}
    found = answered_rows(asked, "test", given)
    assert len(found) == 3 and all(row.is_right(BASE) is None for row in found)
    assert answered_rows(asked, "test", {OWN: answers(asked, 0, 1, 0, 1)}) == []


def test_answers_to_other_rows_are_left_out(tmp_path: Path) -> None:
    asked = task(tmp_path)
    other = Answers.of(Rows.of([]), [])
    found = answered_rows(asked, "test", {BASE: other, MERGED: answers(asked, 0, 1, 1, 0)})
    assert len(found) == 4 and all(BASE not in row.answers for row in found)


def test_of_several_experts_one_must_be_right_or_all_of_them_wrong(tmp_path: Path) -> None:
    asked = task(tmp_path)
    given = {"one": answers(asked, 0, 0, 0, 0), "other": answers(asked, 1, 0, 0, 0), MERGED: answers(asked, 1, 1, 1, 0)}
    found = answered_rows(asked, "test", given)
    told = {name: {row.row.input for row in found if FILTERS[name][1](row)} for name in ("lost", "won")}
    assert told == {"lost": {"awful", "dull"}, "won": {"lovely"}}


def test_rows_of_an_own_task_set_have_their_file_and_line(tmp_path: Path) -> None:
    own = replace(task(tmp_path), origin="mood.jsonl")
    found = answered_rows(own, "test", {MERGED: answers(own, 0, 1, 1, 0)})
    assert {row.row.input: row.place for row in found} == {
        text: f"{own.path}, line {line}" for line, (text, _) in enumerate(TEXTS, 1)
    }
    assert {row.place for row in answered_rows(task(tmp_path), "test", {MERGED: answers(own, 0, 1, 1, 0)})} == {""}
