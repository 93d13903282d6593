"""The card of a merged folder says what was merged, averaged and copied."""

from __future__ import annotations

import torch
from tiny_states import plan_for

from mergelab.analysis.health import CheckResult, Health, HealthFinding
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


def test_the_verdict_on_the_merge_stands_above_its_checks_and_findings() -> None:
    plain = {"w": torch.ones(3)}
    finding = HealthFinding("w", "w is too long", "scale 2", "try scale 1")
    checks = (CheckResult("unhealthy", "", "Measured on 3 weights.", (finding,), name="length", title="Length"),)
    card = model_card(plan_for({"method": "average"}, {"a": plain}, plain), health=Health("Unhealthy: w.", checks))
    assert (
        "\nHealth:\n\nUnhealthy: w.\n\n- Length (unhealthy): Measured on 3 weights.\n"
        "  - w is too long (likely cause: scale 2); try scale 1\n"
    ) in card


def test_runs_of_the_recipe_are_listed_before_what_was_measured_of_the_files() -> None:
    plain = {"w": torch.ones(3)}
    plan = plan_for({"method": "average"}, {"a": plain}, plain)
    assert "\nRuns of this recipe:\n\n- Run 3: mean 70.0 %.\n" in model_card(plan, history=["Run 3: mean 70.0 %."])
    assert "Runs of this recipe" not in model_card(plan)


def test_the_table_lists_the_models_in_the_order_of_the_recipe() -> None:
    states = {name: {"w": torch.full((3,), value)} for name, value in (("a", 1.0), ("b", 2.0), ("c", 3.0))}
    for order in (["a", "b", "c"], ["c", "a", "b"]):
        plan = plan_for({"method": "average"}, {name: states[name] for name in order}, {"w": torch.zeros(3)})
        rows = [
            line.split(" | ")[0].removeprefix("| ") for line in model_card(plan).splitlines() if line.endswith("… |")
        ]
        assert rows == order
