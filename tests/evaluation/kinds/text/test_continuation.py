"""What a model expects after prompts of several lengths is what it expects after each alone."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tiny_task_models import absolute_model, encoder_decoder, forgetful_model, language_model, state_model
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

from mergelab.evaluation.kinds.text.continuation import AfterEncoder, continuation, must_reread
from mergelab.evaluation.kinds.text.log_likelihood import padded

PROMPTS = [[5, 6], [7, 8, 9, 10, 11], [12]]
MORE = [[1, 2], [3, 4], [5, 6]]


@pytest.mark.parametrize("made", [language_model, absolute_model])
@torch.inference_mode()
def test_padding_changes_nothing_that_follows(tmp_path: Path, made: Callable[[Path], Path]) -> None:
    model = AutoModelForCausalLM.from_pretrained(made(tmp_path)).eval()
    read = continuation(model, PROMPTS, "cpu")
    for row, prompt in enumerate(PROMPTS):
        torch.testing.assert_close(read.logits[row], model(torch.tensor([prompt])).logits[0, -1])
    read.select(torch.tensor([1, 0, 0]))
    found = read.feed(torch.tensor(MORE))
    for row, prompt in enumerate([PROMPTS[1], PROMPTS[0], PROMPTS[0]]):
        torch.testing.assert_close(found[row], model(torch.tensor([prompt + MORE[row]])).logits[0, -2:])


@pytest.mark.parametrize("made", [state_model, forgetful_model])
@torch.inference_mode()
def test_what_a_model_does_not_keep_is_read_again(tmp_path: Path, made: Callable[[Path], Path]) -> None:
    model = AutoModelForCausalLM.from_pretrained(made(tmp_path)).eval()
    assert must_reread(model)
    read = continuation(model, [[5, 6], [7, 8]], "cpu")
    read.select(torch.tensor([1, 1]))
    found = read.feed(torch.tensor(MORE[:2]))
    torch.testing.assert_close(found[1], model(torch.tensor([[7, 8, *MORE[1]]])).logits[0, -2:])
    torch.testing.assert_close(read.logits, found[:, -1])


@torch.inference_mode()
def test_a_decoder_goes_on_from_what_its_encoder_read(tmp_path: Path) -> None:
    model = AutoModelForSeq2SeqLM.from_pretrained(encoder_decoder(tmp_path)).eval()
    inputs = {
        "input_ids": padded(PROMPTS, "cpu"),
        "attention_mask": padded([[1] * len(each) for each in PROMPTS], "cpu"),
    }
    read = AfterEncoder(model, inputs, 9)
    read.select(torch.tensor([2, 0]))
    found = read.feed(torch.tensor(MORE[:2]))
    for row, prompt in enumerate([PROMPTS[2], PROMPTS[0]]):
        alone = model(torch.tensor([prompt]), decoder_input_ids=torch.tensor([[9, *MORE[row]]])).logits
        torch.testing.assert_close(found[row], alone[0, -2:])
