from __future__ import annotations

import pytest

from mergelab.evaluation.kinds import find_kind
from mergelab.evaluation.tasks.own.recognise import Recognised, UnclearError, recognise

CLASSES = find_kind("text-classification")


@pytest.mark.parametrize("name", ["label", "Class", "category", "target", "sentiment", "gold"])
def test_a_column_of_classes_is_recognised_by_each_of_its_usual_names(name: str) -> None:
    assert recognise("", (), ["review", name]) == Recognised(CLASSES.name, (("text", "review"), ("label", name)))


@pytest.mark.parametrize("columns", [("input", "output"), ("prompt", "completion")])
def test_what_is_to_be_written_is_no_class(columns: tuple[str, str]) -> None:
    prompt, answer = columns
    assert recognise("", (), columns) == Recognised("generation", (("prompt", prompt), ("answer", answer)))


def test_an_answer_to_a_text_is_one_of_its_options() -> None:
    assert recognise("", (), ["text", "answer"]).kind == "choice"


def test_two_usual_names_of_one_column_are_asked_about() -> None:
    with pytest.raises(UnclearError, match="'category', 'sentiment' can all be 'label'"):
        recognise("", (), ["text", "category", "sentiment"])


@pytest.mark.parametrize("name", ["text-classification", "choice", "generation", "seq2seq", "similarity"])
def test_a_usual_name_stands_for_one_column_of_a_kind(name: str) -> None:
    names = [each for column in find_kind(name).columns for each in (column.name, *column.also)]
    assert len(set(names)) == len(names)
