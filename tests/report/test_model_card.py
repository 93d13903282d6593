"""The card of a merged folder says what was merged, averaged and copied."""

from __future__ import annotations

import torch
from tiny_states import plan_for

from mergelab.report.model_card import model_card


def test_running_statistics_are_counted_apart_from_merged_tensors() -> None:
    base = {"w": torch.ones(3), "norm.running_mean": torch.zeros(2), "norm.running_var": torch.ones(2)}
    card = model_card(plan_for({"method": "average"}, {"a": base}, base), ["a remark"])
    assert "1 tensors (3 parameters) were merged, 2 running statistics averaged; the rest were copied" in card
    assert "Remarks:\n\n- a remark\n" in card
    plain = {"w": torch.ones(3)}
    assert "1 tensors (3 parameters) were merged; the rest" in model_card(
        plan_for({"method": "average"}, {"a": plain}, plain)
    )
