"""What stands in a cell: the experts' mean, an expert's own tensors, the base's."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tiny_states import plan_for

from mergelab.analysis.damage.treatments import treatments
from mergelab.evaluation.tasks import TaskSet
from mergelab.recipe import RecipeError

MODELS = {
    "a": {"w": torch.tensor([1.0, 4.0])},
    "b": {"w": torch.tensor([3.0, 8.0])},
    "c": {"w": torch.tensor([5.0, 0.0])},
}
BASE = {"w": torch.tensor([0.5, 0.25])}
RECIPE = {"method": {"name": "ties", "density": 0.5}, "models": [{"model": "c", "weight": 0.5}, "a", "b"]}


def task(head: str) -> TaskSet:
    return replace(TaskSet("t", "T", "text-classification", (), head, None), name=f"task of {head}")  # type: ignore[arg-type]


def test_the_mean_counts_all_experts_alike_whatever_their_weights() -> None:
    [mean] = treatments(plan_for(RECIPE, MODELS, BASE), "mean", [task("a"), task("b")], "cpu")
    assert mean.read("w").tolist() == [3.0, 4.0] and len(mean.tasks) == 2


def test_each_task_gets_its_own_expert_back() -> None:
    found = treatments(plan_for(RECIPE, MODELS, BASE), "expert", [task("a"), task("c")], "cpu")
    assert {each.tasks[0].head: each.read("w").tolist() for each in found} == {"a": [1.0, 4.0], "c": [5.0, 0.0]}


def test_the_base_is_what_it_was_before_the_merge() -> None:
    [base] = treatments(plan_for({**RECIPE, "dtype": "bfloat16"}, MODELS, BASE), "base", [task("a")], "cpu")
    assert base.read("w").tolist() == [0.5, 0.25] and base.read("w").dtype == torch.bfloat16


def test_a_recipe_without_a_base_cannot_have_it_back() -> None:
    with pytest.raises(RecipeError, match="no base that could be put back"):
        treatments(plan_for({"method": "average"}, MODELS), "base", [task("a")], "cpu")
