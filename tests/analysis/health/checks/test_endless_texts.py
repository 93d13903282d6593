"""Texts that never end are counted against those of the base."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from health_subjects import check_of, folder_subject
from safetensors.torch import load_file, save_file
from tiny_task_models import language_model, task_of

from mergelab.analysis.health import examine
from mergelab.analysis.health.checks.endless_texts import is_worse
from mergelab.analysis.health.generated_texts import GeneratedText
from mergelab.runtime.progress import finish

ENDED, LOOPING = GeneratedText(True, False), GeneratedText(False, True)


def test_more_endless_texts_than_the_base_s_are_wrong_only_beyond_chance() -> None:
    assert is_worse([LOOPING] * 5 + [ENDED] * 5, [ENDED] * 10)  # 5 of 5 tosses: 1 in 32
    assert not is_worse([LOOPING] * 4 + [ENDED] * 6, [ENDED] * 10)  # 4 of 4 tosses: 1 in 16
    assert not is_worse([LOOPING] * 10, [LOOPING] * 10)


def test_without_a_base_half_of_the_texts_have_to_end() -> None:
    assert is_worse([LOOPING, ENDED], [])
    assert not is_worse([LOOPING, ENDED, ENDED], [])


def test_a_model_that_always_says_the_same_token_loops(tmp_path: Path) -> None:
    folder = language_model(tmp_path / "model", positions=256)
    state = load_file(folder / "model.safetensors")
    head = torch.zeros_like(state["lm_head.weight"])
    head[0] = state["model.norm.weight"].new_ones(head.shape[1])
    # the token 0 wins wherever the last hidden state sums to more than 0, and loses to all others elsewhere
    state = {key: torch.ones_like(value) if "norm" in key else value for key, value in state.items()}
    state["model.embed_tokens.weight"] = torch.ones_like(state["model.embed_tokens.weight"])
    for key, value in state.items():
        if "proj" in key:
            state[key] = torch.zeros_like(value)
    state["lm_head.weight"] = head
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    rows = [{"prompt": f"say {number}", "answer": "yes"} for number in range(6)]
    task = task_of(tmp_path / "say.jsonl", "generation", folder, rows, split="calibration")
    subject = replace(folder_subject(folder, [task]), device="cpu")
    check = check_of(finish(examine(subject)), "endless_texts")
    assert check.state == "unhealthy"
    assert check.findings[0].told == "100 % of its texts never end, 6 of them in a loop (n = 6)"


def test_without_rows_it_is_said_how_to_give_some(tmp_path: Path) -> None:
    check = check_of(finish(examine(folder_subject(language_model(tmp_path / "model")))), "endless_texts")
    assert check.state == "unmeasured"
    assert "Give a task set of this kind under “Task sets” on the page" in check.summary
