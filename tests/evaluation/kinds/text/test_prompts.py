from collections.abc import Mapping
from typing import Any

import pytest

from mergelab.evaluation.kinds.rows import Row
from mergelab.evaluation.kinds.text.prompts import PromptSettings, question_of, with_examples

ASKED = "Q: {question}\nA:"


def row(cells: Mapping[str, Any]) -> tuple[Row, str]:
    return Row(question_of(cells, ASKED), reference=str(cells["answer"])), str(cells["answer"])


def test_a_template_is_filled_from_the_cells_of_a_row() -> None:
    assert question_of({"a": "x", "two words": 2}, "{a} {{and}} {two words}") == "x {and} 2"


def test_a_column_that_is_not_there_or_no_text_is_named() -> None:
    with pytest.raises(ValueError, match="there is no column 'b'; the columns are 'a'"):
        question_of({"a": "x"}, "{a}{b}")
    with pytest.raises(ValueError, match=r"'a' must be text, got \['x'\]"):
        question_of({"a": ["x"]}, "{a}")


@pytest.mark.parametrize("template", ["{}", "{a.b}", "{a[0]}", "{a!r}", "{a:>3}", "{a"])
def test_braces_hold_nothing_but_a_column(template: str) -> None:
    with pytest.raises(ValueError, match=r"template"):
        PromptSettings(template=template)


def test_examples_stand_in_front_with_their_answers() -> None:
    settings = PromptSettings(few_shot=((("question", "one"), ("answer", 1)), (("question", "two"), ("answer", 2))))
    found = with_examples(row, {"question": "three", "answer": 3}, settings, ASKED)
    assert found.input == "Q: one\nA: 1\n\nQ: two\nA: 2\n\nQ: three\nA:"
    assert (found.reference, found.question) == ("3", "three")


def test_a_wrong_example_is_named_by_its_number() -> None:
    settings = PromptSettings(few_shot=((("question", "one"), ("answer", 1)), (("answer", 2),)))
    with pytest.raises(ValueError, match="example 2 in few_shot: there is no column 'question'"):
        with_examples(row, {"question": "three", "answer": 3}, settings, ASKED)
