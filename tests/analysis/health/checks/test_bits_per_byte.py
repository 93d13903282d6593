"""The likelihood of texts is compared with the base's, text by text."""

from __future__ import annotations

from pathlib import Path

import torch
from health_subjects import check_of, folder_subject
from tiny_task_models import language_model, task_of

from mergelab.analysis.health import examine
from mergelab.analysis.health.checks.bits_per_byte import _worse
from mergelab.evaluation.kinds import Answer, Rows
from mergelab.evaluation.scores import Answers, Score, score
from mergelab.runtime.progress import finish

ROWS = Rows(("four",) * 8, torch.zeros(8).long())


def scored(*nats: float) -> Score:
    """Texts of four bytes with these negative log-likelihoods."""
    return score("texts", "calibration", "bits per byte", Answers.of(ROWS, [Answer((each, 4.0)) for each in nats]))


def test_a_model_that_needs_clearly_more_bits_than_the_base_has_lost_language(tmp_path: Path) -> None:
    task = task_of(tmp_path / "texts.jsonl", "perplexity", tmp_path, [{"text": "four"}] * 8, split="calibration")
    base = scored(*[4.0, 4.1] * 4)
    found = _worse(task, scored(*[8.0, 8.1] * 4), base)
    assert found is not None
    assert found.told == "on texts it needs 2.9 bits per byte, 2× the base’s 1.46 (n = 8)"
    assert _worse(task, scored(*[4.2, 4.3] * 4), base) is None


def test_a_language_model_without_a_recipe_is_measured_alone(tmp_path: Path) -> None:
    folder = language_model(tmp_path / "model")
    task = task_of(tmp_path / "texts.jsonl", "perplexity", folder, [{"text": "a text"}] * 3, split="calibration")
    check = check_of(finish(examine(folder_subject(folder, [task]))), "bits_per_byte")
    assert check.state == "fine"
    assert check.summary.endswith("Measured on 3 calibration texts.")
