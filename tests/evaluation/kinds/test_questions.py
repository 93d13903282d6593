"""A person's own text as a row of each kind of task, or the reason why it cannot be one."""

from __future__ import annotations

import pytest

from mergelab.evaluation.kinds import find_kind

SHOTS = [{"prompt": "1+1", "answer": "2"}]


def test_a_prompt_stands_in_the_template_behind_the_examples() -> None:
    kind = find_kind("generation")
    settings = kind.settings_of({"template": "Q: {prompt}\nA:", "few_shot": SHOTS})
    row = kind.question("2+3", settings)
    assert row.input == "Q: 1+1\nA: 2\n\nQ: 2+3\nA:" and row.reference == ""
    assert find_kind("text-classification").question("fine", None).input == "fine"


def test_options_of_all_rows_stand_behind_the_text() -> None:
    kind = find_kind("choice")
    row = kind.question("Is it good?", kind.settings_of({"options": ["yes", "no"]}))
    assert row.input == ("Is it good?", "yes", "no")


@pytest.mark.parametrize(
    ("kind", "settings", "reason"),
    [
        ("choice", {}, "options of its own"),
        ("seq2seq", {"ask": "options"}, "options of its own"),
        ("generation", {"template": "{passage} {prompt}"}, "has 2 columns to fill"),
        ("similarity", {}, "compares two sentences"),
    ],
)
def test_what_one_text_cannot_ask_is_refused(kind: str, settings: dict[str, object], reason: str) -> None:
    found = find_kind(kind)
    with pytest.raises(ValueError, match=reason):
        found.question("text", found.settings_of(settings))
