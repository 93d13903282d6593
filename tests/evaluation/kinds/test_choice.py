import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_task_models import (
    CHARACTERS,
    absolute_model,
    answers_of,
    forgetful_model,
    language_model,
    state_model,
    task_of,
)
from transformers import AutoModelForCausalLM

from mergelab.evaluation.kinds import find_kind

ROWS = [
    {"question": "Which?" + "!" * number, "options": ["one", "two", "several"][: 2 + number % 2], "answer": number % 2}
    for number in range(6)
]
CHOICE = find_kind("choice")


def likeliest(folder: Path, row: dict[str, Any], per_byte: bool) -> int:
    """The number of the likeliest option by whole texts, one at a time."""
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    values = []
    for option in row["options"]:
        ids = [CHARACTERS.index(letter) for letter in f"{row['question']} {option}"]
        log_p = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        begin = len(row["question"])
        value = sum(float(log_p[place - 1, ids[place]]) for place in range(begin, len(ids)))
        values.append(value / len(option) if per_byte else value)
    return values.index(max(values))


def read(cells: dict[str, Any], labels: tuple[str, ...] = (), **settings: Any) -> tuple[Any, float]:
    row = CHOICE.row(cells, labels, CHOICE.settings_of(settings))
    return row.input, row.label


@pytest.mark.parametrize("made", [language_model, absolute_model, state_model, forgetful_model])
@pytest.mark.parametrize("normalisation", ["none", "bytes"])
@torch.inference_mode()
def test_the_answer_is_the_option_that_is_likeliest_as_a_whole_text(
    tmp_path: Path, made: Callable[[Path], Path], normalisation: str
) -> None:
    folder = made(tmp_path / "model")
    found = answers_of(task_of(tmp_path / "rows.jsonl", "choice", folder, ROWS, normalisation=normalisation))
    wanted = [likeliest(folder, row, normalisation == "bytes") for row in ROWS]
    assert [answer.given for answer in found] == wanted
    assert [answer.marks for answer in found] == [
        (float(one == row["answer"]),) for one, row in zip(wanted, ROWS, strict=True)
    ]


def test_padding_and_batch_mates_change_no_answer(tmp_path: Path) -> None:
    task = task_of(tmp_path / "rows.jsonl", "choice", language_model(tmp_path / "model"), ROWS, normalisation="bytes")
    assert answers_of(task) == [answers_of(task, [row])[0] for row in range(len(ROWS))]
    assert answers_of(task, [4, 0]) == [answers_of(task)[row] for row in (4, 0)]


def test_options_come_from_a_list_a_text_columns_or_the_settings() -> None:
    wanted = (("q", "yes", "no"), 1)
    assert read({"question": "q", "options": ["yes", "no"], "answer": "no"}) == wanted
    assert read({"question": "q", "options": '["yes", "no"]', "answer": "no"}) == wanted
    assert read({"question": "q", "options": "yes | no", "answer": "no"}) == wanted
    assert read({"question": "q", "A": "yes", "B": "no", "answer": "b"}, option_columns=["A", "B"]) == wanted
    assert read({"question": "q", "answer": 1}, options=["yes", "no"]) == wanted


def test_the_right_option_is_named_by_label_text_letter_or_number_in_this_order() -> None:
    def right(answer: Any, *options: str, labels: tuple[str, ...] = ()) -> float:
        return read({"question": "q", "options": list(options), "answer": answer}, labels)[1]

    assert [right(answer, "x", "y", "z") for answer in ("z", "B", "b", "2", 0)] == [2, 1, 1, 2, 0]
    assert right("1", "1", "0") == 0  # the text "1", not the number
    assert right("B", "B", "A") == 0
    assert right("bad", "awful", "great", labels=("good", "bad")) == 1


def test_what_is_wrong_with_a_row_is_said() -> None:
    for cells, message in [
        ({"question": "q", "options": ["a", "b"], "answer": 2}, "its number from 0 to 1, got 2"),
        ({"question": "q", "options": ["a", "b"], "answer": True}, "got True"),
        ({"question": "q", "options": ["a", "a"], "answer": 0}, "two different texts as options"),
        ({"question": "q", "options": "[1", "answer": 0}, "begins like a list, but is not JSON"),
        ({"question": "q", "options": 5, "answer": 0}, "must be a list of texts, got 5"),
        ({"question": "q", "answer": 0}, "there is no column 'options'; name options or option_columns"),
        ({"options": ["a", "b"], "answer": 0}, "there is no column 'question'"),
        ({"question": "q", "options": ["a", "b"]}, "there is no column 'answer'"),
    ]:
        with pytest.raises(ValueError, match=message):
            read(cells)
    with pytest.raises(ValueError, match="3 labels, but 2 options"):
        read({"question": "q", "options": ["a", "b"], "answer": 0}, ("x", "y", "z"))


def test_a_classification_is_a_choice_between_words_for_its_labels() -> None:
    settings = {
        "template": "{text} It was",
        "options": ["terrible", "great"],
        "few_shot": [{"text": "Bad.", "answer": "neg"}],
    }
    row = CHOICE.row({"text": "I liked it.", "answer": "pos"}, ("neg", "pos"), CHOICE.settings_of(settings))
    assert row.label == 1
    assert CHOICE.shown(row, CHOICE.settings_of(settings)) == (
        "Bad. It was terrible\n\nI liked it. It was terrible\n\nBad. It was terrible\n\nI liked it. It was great"
    )


def test_a_prompt_that_does_not_fit_loses_its_beginning(tmp_path: Path) -> None:
    model = language_model(tmp_path / "model", positions=16)
    rows = [{"question": "x" * 30 + end, "options": ["one", "two"], "answer": 0} for end in ("a", "b")]
    short = [{**row, "question": row["question"][-13:]} for row in rows]  # 13 and " on" before the last letter
    long = answers_of(task_of(tmp_path / "long.jsonl", "choice", model, rows))
    assert long == answers_of(task_of(tmp_path / "short.jsonl", "choice", model, short))


def test_an_option_that_the_model_cannot_read_is_refused(tmp_path: Path) -> None:
    rows = [{"question": "q", "options": ["x" * 60, "y"], "answer": 0}]
    with pytest.raises(ValueError, match="reads 48 tokens, and each option must have from 1 to so many"):
        answers_of(task_of(tmp_path / "rows.jsonl", "choice", language_model(tmp_path / "model"), rows))


def test_outputs_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    folder = language_model(tmp_path / "model")
    model = AutoModelForCausalLM.from_pretrained(folder)
    model.lm_head.weight.data[0, 0] = math.inf
    model.save_pretrained(folder)
    with pytest.raises(ValueError, match="non-finite outputs on task rows"):
        answers_of(task_of(tmp_path / "rows.jsonl", "choice", folder, ROWS))
