"""Answers in one text, and back."""

from __future__ import annotations

import json
from dataclasses import asdict

import torch

from mergelab.evaluation.kinds import Answer, Rows
from mergelab.evaluation.scores import Answers

ROWS = Rows(tuple("abc"), torch.zeros(3, dtype=torch.int64))
EACH = [Answer((1.0,), 2), Answer((0.0,), 1), Answer((1.0,), 0)]


def test_marks_and_what_was_answered_come_back_in_order() -> None:
    found = Answers.of(ROWS, EACH)
    assert (found.n, found.rows) == (3, ROWS.digest())
    assert found.marks.tolist() == [[1.0], [0.0], [1.0]] and found.given == [2, 1, 0]
    assert found.each == EACH and Answers.of(ROWS, found.each) == found


def test_they_survive_json_with_texts_and_rows_without_an_answer() -> None:
    found = Answers.of(ROWS, [Answer((3.25, 7.0), "vierzig"), Answer((0.1, 1.0)), Answer((2.0, 3.0), "")])
    again = Answers(**json.loads(json.dumps(asdict(found))))
    assert again == found and again.given == ["vierzig", None, ""] and again.marks[1].tolist() == [0.1, 1.0]


def test_the_first_rows_are_answers_to_the_same_split() -> None:
    found = Answers.of(ROWS, EACH)
    assert found.first(2) == Answers.of(ROWS, EACH[:2]) and found.first(9) is found
    assert found.first(0).n == 0 and found.first(0).given == []


def test_two_thousand_right_answers_take_less_than_a_hundred_characters() -> None:
    rows = Rows(("x",) * 2000, torch.zeros(2000, dtype=torch.int64))
    assert len(Answers.of(rows, [Answer((1.0,), 0)] * 2000).packed_marks) < 100
