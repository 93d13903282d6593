from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tiny_task_models import absolute_model, answers_of, forgetful_model, language_model, state_model, task_of
from transformers import AutoModelForCausalLM, AutoTokenizer

from mergelab.checkpoints import open_checkpoint
from mergelab.evaluation.kinds import Rows, find_kind

ROWS = [{"prompt": prompt, "answer": "8"} for prompt in ("1 + 7 =", "Say it:", "b", "a long prompt, in fact", "a\nb")]
GENERATION = find_kind("generation")


@torch.inference_mode()
def alone(folder: Path, prompt: str, most: int) -> str:
    """The model's greedy text by transformers' own loop."""
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    inputs = tokenizer(prompt, return_tensors="pt")
    found = model.generate(**inputs, max_new_tokens=most, do_sample=False, pad_token_id=0)
    return str(tokenizer.decode(found[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True))


@pytest.mark.parametrize("made", [language_model, absolute_model, state_model, forgetful_model])
def test_texts_are_those_of_greedy_decoding(tmp_path: Path, made: Callable[[Path], Path]) -> None:
    folder = made(tmp_path / "model")
    found = answers_of(task_of(tmp_path / "rows.jsonl", "generation", folder, ROWS, max_new_tokens=9))
    assert [answer.given for answer in found] == [alone(folder, row["prompt"], 9) for row in ROWS]


def test_padding_and_batch_mates_change_no_answer(tmp_path: Path) -> None:
    task = task_of(tmp_path / "rows.jsonl", "generation", language_model(tmp_path / "model"), ROWS, max_new_tokens=9)
    together = answers_of(task)
    assert together == [answers_of(task, [row])[0] for row in range(len(ROWS))]
    assert [together[row] for row in (4, 1, 2)] == answers_of(task, [4, 1, 2])
    assert len({answer.given for answer in together}) > 2


def test_a_text_ends_before_a_stop_and_is_compared_without_it(tmp_path: Path) -> None:
    folder = language_model(tmp_path / "model")
    whole = alone(folder, "1 + 7 =", 9)
    stop, rows = whole[3], [{"prompt": "1 + 7 =", "answer": whole.split(whole[3])[0]}]
    (found,) = answers_of(task_of(tmp_path / "rows.jsonl", "generation", folder, rows, stop=[stop], max_new_tokens=9))
    assert (found.given, found.marks) == (whole[: whole.index(stop)], (1.0,))


def test_a_prompt_becomes_a_message_in_a_chat(tmp_path: Path) -> None:
    settings = GENERATION.settings_of({"chat_template": True, "few_shot": [{"prompt": "Hi", "answer": "Ho"}]})
    row = GENERATION.row({"prompt": "Bye", "answer": "x"}, (), settings)
    head = open_checkpoint(str(language_model(tmp_path)))
    assert GENERATION.shown(row, settings) == "Hi Ho\n\nBye"
    assert GENERATION.shown(row, settings, head) == "[user] Hi Ho\n\nBye\n[reply] "
    config = SimpleNamespace(max_position_embeddings=400)
    ids = GENERATION.encode(Rows.of([row]), head, config, settings).batch([0])["input_ids"]
    assert ids.shape == (1, len("[user] Hi Ho\n\nBye\n[reply] "))


def test_a_model_without_a_chat_template_says_so(tmp_path: Path) -> None:
    folder = language_model(tmp_path / "model")
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(ValueError, match="has no chat template; leave chat_template out"):
        answers_of(task_of(tmp_path / "rows.jsonl", "generation", folder, ROWS, chat_template=True, max_new_tokens=2))


def test_a_prompt_leaves_room_for_the_answer(tmp_path: Path) -> None:
    folder, rows = language_model(tmp_path / "model"), [{"prompt": "x" * 100 + "abc", "answer": "a"}]
    (found,) = answers_of(task_of(tmp_path / "rows.jsonl", "generation", folder, rows, max_new_tokens=40))
    assert found.given == alone(folder, "xxxxxabc", 40)
    with pytest.raises(ValueError, match="reads 48 tokens; max_new_tokens must leave room for the prompt, got 48"):
        answers_of(task_of(tmp_path / "rows.jsonl", "generation", folder, rows, max_new_tokens=48))


def test_a_row_needs_a_text_that_can_be_compared() -> None:
    for cells, settings, message in [
        ({"prompt": "a", "answer": "none"}, {"match": "number"}, "needs a number in 'answer', got 'none'"),
        ({"prompt": "a"}, {}, "there is no column 'answer'"),
        ({"prompt": "a", "answer": " "}, {}, "'answer' is empty"),
        ({"question": "a", "answer": "b"}, {}, "there is no column 'prompt'"),
    ]:
        with pytest.raises(ValueError, match=message):
            GENERATION.row(cells, (), GENERATION.settings_of(settings))
