"""Scores side by side, as text and as JSON."""

from __future__ import annotations

import torch

from mergelab.evaluation.kinds import Answer, Rows
from mergelab.evaluation.scores import Answers, Score, score
from mergelab.report.side_by_side import side_by_side_mapping, side_by_side_table


def bits(*nats: float) -> Score:
    """A score in bits per byte of texts of 100 bytes each."""
    rows = Rows(tuple(f"text {place}" for place in range(len(nats))), torch.zeros(len(nats)).long())
    return score("texts", "validation", "bits per byte", Answers.of(rows, [Answer((each, 100.0)) for each in nats]))


FOUND = {
    "base": [bits(*[130.0, 140.0] * 20)],
    "models/prose": [bits(*[120.0, 131.0] * 20)],
    "merged": [bits(*[120.0, 131.0] * 20)],
}


def test_each_model_has_a_line_with_what_the_merged_one_has_over_it() -> None:
    first, titles, base, prose, merged = side_by_side_table(FOUND).splitlines()
    assert first == "texts, validation, bits per byte, lower is better, n = 40"
    assert titles.split() == ["model", "score", "95", "%", "interval", "merged", "−", "this", "model"]
    assert base.split()[:2] == ["base", "1.95"] and "  −0.137 (−0.1" in base and base.endswith("): better")
    assert prose.endswith("±0.000 (±0.000 to ±0.000): no difference worth a name")
    assert merged.split()[:2] == ["merged", "1.81"] and len(merged.split()) == 3


def test_json_has_the_verdicts() -> None:
    base, prose, merged = side_by_side_mapping(FOUND)
    assert (base["model"], base["merged_minus_this"]["verdict"]) == ("base", "better")
    assert prose["merged_minus_this"]["value"] == 0 and merged["merged_minus_this"] is None
    assert "answers" not in base
