from pathlib import Path

import pytest
import torch
from tiny_task_models import PADDING, answers_of, encoder_decoder, task_of
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from mergelab.evaluation.kinds import find_kind

PROMPTS = ["translate: a", "is it good?", "b", "a rather long prompt, as it were"]
TEXTS = [{"prompt": prompt, "answer": "$$$"} for prompt in PROMPTS]
OPTIONS = [{"prompt": prompt, "options": ["yes", "no", "it is"], "answer": "no"} for prompt in PROMPTS]


@torch.inference_mode()
def test_a_text_is_the_decoders_greedy_one(tmp_path: Path) -> None:
    folder = encoder_decoder(tmp_path / "model")
    model, tokenizer = AutoModelForSeq2SeqLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    found = answers_of(task_of(tmp_path / "rows.jsonl", "seq2seq", folder, TEXTS, max_new_tokens=5))
    for prompt, answer in zip(PROMPTS, found, strict=True):
        ids = model.generate(**tokenizer(prompt, return_tensors="pt"), max_new_tokens=5, do_sample=False)[0]
        assert answer.given == tokenizer.decode(ids, skip_special_tokens=True)


@torch.inference_mode()
def test_an_option_is_chosen_by_its_likelihood_in_the_decoder(tmp_path: Path) -> None:
    folder = encoder_decoder(tmp_path / "model")
    model, tokenizer = AutoModelForSeq2SeqLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    task = task_of(
        tmp_path / "rows.jsonl", "seq2seq", folder, OPTIONS, ask="options", normalisation="bytes", separator=""
    )
    for prompt, answer in zip(PROMPTS, answers_of(task), strict=True):
        values = []
        for option in OPTIONS[0]["options"]:
            ids = tokenizer(option, add_special_tokens=False)["input_ids"]
            start = torch.tensor([[PADDING, *ids[:-1]]])
            log_p = model(**tokenizer(prompt, return_tensors="pt"), decoder_input_ids=start).logits[0].log_softmax(-1)
            values.append(sum(float(log_p[place, token]) for place, token in enumerate(ids)) / len(option))
        assert answer.given == values.index(max(values))
        assert answer.marks == (float(answer.given == 1),)


@pytest.mark.parametrize(("rows", "settings"), [(TEXTS, {"max_new_tokens": 5}), (OPTIONS, {"ask": "options"})])
def test_padding_and_batch_mates_change_no_answer(tmp_path: Path, rows: list[dict], settings: dict) -> None:
    task = task_of(tmp_path / "rows.jsonl", "seq2seq", encoder_decoder(tmp_path / "model"), rows, **settings)
    assert answers_of(task) == [answers_of(task, [row])[0] for row in range(len(rows))]


def test_the_metric_and_what_is_shown_follow_what_is_asked() -> None:
    kind = find_kind("seq2seq")
    text, options = kind.settings(), kind.settings_of({"ask": "options"})
    assert (kind.metric(text), kind.metric(options)) == ("exact match", "accuracy")
    assert kind.shown(kind.row(TEXTS[0], (), text), text) == "translate: a"
    assert kind.shown(kind.row(OPTIONS[2], (), options), options) == "b yes\n\nb no\n\nb it is"
