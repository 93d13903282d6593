"""lm-evaluation-harness gives the same numbers; golden/make_lm_eval_answers.py wrote down its answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from lm_eval_rows import CHOICES, LONG, MOST, PROMPTS, STOP, TEXTS
from repository import TESTS
from tiny_task_models import absolute_model, answers_of, encoder_decoder, exam_of, language_model, task_of

from mergelab.evaluation.kinds.text.continuation import continuation
from mergelab.evaluation.kinds.text.log_likelihood import of_options
from mergelab.evaluation.scores import Answers, score

GOLDEN: Mapping[str, Any] = json.loads((TESTS / "evaluation/golden/lm_eval_answers.json").read_text(encoding="utf-8"))
MODELS = {
    "llama": language_model,
    "llama-start": lambda folder: language_model(folder, start=True),
    "gpt2": absolute_model,
    "t5": encoder_decoder,
}
EVERY_MODEL = pytest.mark.parametrize("name", MODELS)
TEXT_KIND = {"t5": "seq2seq"}


@EVERY_MODEL
def test_the_same_options_are_the_likeliest(tmp_path: Path, name: str) -> None:
    model, golden = MODELS[name](tmp_path / name), GOLDEN[name]["choice"]
    for normalisation, metric in (("none", "acc"), ("bytes", "acc_norm")):
        settings = {
            "normalisation": normalisation,
            **({"ask": "options", "template": "{question}"} if name == "t5" else {}),
        }
        kind = TEXT_KIND.get(name, "choice")
        found = answers_of(task_of(tmp_path / "rows.jsonl", kind, model, CHOICES, **settings))
        assert [answer.marks[0] for answer in found] == golden[metric]


@pytest.mark.parametrize("name", ["llama", "llama-start", "gpt2"])
def test_options_are_as_likely(tmp_path: Path, name: str) -> None:
    with exam_of(task_of(tmp_path / "rows.jsonl", "choice", MODELS[name](tmp_path / name), CHOICES)) as exam:
        found = of_options(continuation(exam.model, exam.encoded.ids, "cpu"), exam.encoded.options)
    for row, (ours, theirs) in enumerate(zip(found, GOLDEN[name]["choice"]["log_likelihoods"], strict=True)):
        if row != LONG:  # the harness cuts a prompt that is too long for each option by itself
            assert ours == pytest.approx(theirs, abs=1e-4)


@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_texts_are_as_likely(tmp_path: Path, name: str) -> None:
    golden = GOLDEN[name]["perplexity"]
    task = task_of(tmp_path / "rows.jsonl", "perplexity", MODELS[name](tmp_path / name), TEXTS)
    found = answers_of(task)
    assert [-answer.marks[0] for answer in found] == pytest.approx(golden["log_likelihoods"], abs=1e-3, rel=1e-6)
    (rows,) = task.splits().values()
    bits = score("t", "test", task.metric, Answers.of(rows, found)).value
    assert bits == pytest.approx(golden["bits_per_byte"], rel=1e-6)
    assert 2**bits == pytest.approx(golden["byte_perplexity"], rel=1e-6)


def test_a_start_of_text_is_no_target(tmp_path: Path) -> None:
    """The harness would count it where the tokenizer writes it before each text, and so does not compare here."""
    task = task_of(tmp_path / "rows.jsonl", "perplexity", MODELS["llama-start"](tmp_path / "model"), TEXTS)
    wanted = GOLDEN["llama"]["perplexity"]["log_likelihoods"]
    assert [-answer.marks[0] for answer in answers_of(task)] == pytest.approx(wanted, rel=1e-6)


@EVERY_MODEL
def test_the_same_texts_are_generated(tmp_path: Path, name: str) -> None:
    settings = {"stop": STOP, "max_new_tokens": MOST, "strip": False}
    task = task_of(
        tmp_path / "rows.jsonl", TEXT_KIND.get(name, "generation"), MODELS[name](tmp_path / name), PROMPTS, **settings
    )
    found = answers_of(task)
    whole = GOLDEN[name]["generation"]["texts"]
    # For encoders with decoders, the harness lets as many more tokens be generated as the prompt has.
    assert [answer.given for answer in found] == ([text[:MOST] for text in whole] if name == "t5" else whole)
    assert sum(answer.marks[0] for answer in found) / len(found) == GOLDEN[name]["generation"]["score"]
