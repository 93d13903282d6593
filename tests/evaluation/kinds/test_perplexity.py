import math
from pathlib import Path

import pytest
import torch
from tiny_task_models import CHARACTERS, START, answers_of, forgetful_model, language_model, state_model, task_of
from transformers import AutoModelForCausalLM

from mergelab.evaluation.kinds import find_kind
from mergelab.evaluation.kinds.perplexity import windows

TEXTS = [{"text": "a"}, {"text": "Some more words."}, {"text": "A text longer than what the model reads at once. " * 3}]


@torch.inference_mode()
def test_a_short_text_has_the_likelihood_of_its_tokens_after_the_start(tmp_path: Path) -> None:
    for made in (language_model, state_model, forgetful_model):
        folder = made(tmp_path / made.__name__)
        (found,) = answers_of(task_of(tmp_path / "rows.jsonl", "perplexity", folder, TEXTS[1:2]))
        ids = [CHARACTERS.index(letter) for letter in TEXTS[1]["text"]]
        log_p = (
            AutoModelForCausalLM.from_pretrained(folder).eval()(torch.tensor([[START, *ids]])).logits[0].log_softmax(-1)
        )
        nats = -sum(float(log_p[place, token]) for place, token in enumerate(ids))
        assert found.marks == (pytest.approx(nats, rel=1e-5), 16.0)


def test_padding_and_batch_mates_change_no_likelihood(tmp_path: Path) -> None:
    task = task_of(tmp_path / "rows.jsonl", "perplexity", language_model(tmp_path / "model"), TEXTS)
    alone = [answers_of(task, [row])[0].marks for row in range(3)]
    for answer, marks in zip(answers_of(task), alone, strict=True):
        assert answer.marks == pytest.approx(marks, rel=1e-6)


def test_units_are_bytes_or_tokens_and_name_the_metric(tmp_path: Path) -> None:
    model, text = language_model(tmp_path / "model", start=True), [{"text": "naïve"}]
    by_byte = task_of(tmp_path / "rows.jsonl", "perplexity", model, text)
    by_token = task_of(tmp_path / "rows.jsonl", "perplexity", model, text, unit="tokens")
    assert [answers_of(task)[0].marks[1] for task in (by_byte, by_token)] == [6.0, 5.0]
    assert (by_byte.metric, by_token.metric) == ("bits per byte", "perplexity per token")


def test_every_token_is_a_target_once_and_the_last_window_is_full() -> None:
    found = list(windows(range(8), 3))  # token 0 is the start
    assert [(window.ids, window.targets) for window in found] == [
        ((0, 1, 2), (1, 2, 3)),
        ((3, 4, 5), (4, 5, 6)),
        ((4, 5, 6), (7,)),
    ]
    assert [window.targets for window in windows(range(7), 3)] == [(1, 2, 3), (4, 5, 6)]
    assert [(window.ids, window.targets) for window in windows([0, 1], 3)] == [((0,), (1,))]


def test_a_model_that_knows_nothing_needs_the_same_bits_for_every_character(tmp_path: Path) -> None:
    folder = language_model(tmp_path / "model")
    model = AutoModelForCausalLM.from_pretrained(folder)
    model.lm_head.weight.data.zero_()
    model.save_pretrained(folder)
    (found,) = answers_of(task_of(tmp_path / "rows.jsonl", "perplexity", folder, TEXTS[2:]))
    assert found.marks[0] / found.marks[1] == pytest.approx(math.log(100))  # its vocabulary


def test_an_empty_text_is_refused() -> None:
    kind = find_kind("perplexity")
    with pytest.raises(ValueError, match="'text' is empty"):
        kind.row({"text": ""}, (), kind.settings())
