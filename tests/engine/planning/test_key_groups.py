"""Small tensors are looked at as one where no rule tells tensors apart and the kernels can read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from fused_merges import fused
from tiny_states import State, plan_for

from mergelab.engine import PreparedMerge, prepare
from mergelab.engine.planning import key_groups
from mergelab.engine.planning.key_groups import KeyGroup
from mergelab.runtime.progress import finish

SIZES = {"a": 3, "b": 20, "c": 2, "d": 5}
TASK_ARITHMETIC: dict[str, Any] = {"method": "task_arithmetic"}


@pytest.fixture(autouse=True)
def small_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    fused(monkeypatch)
    monkeypatch.setattr(key_groups, "SMALL", 10)
    monkeypatch.setattr(key_groups, "GROUP", 8)


def prepared(recipe: Mapping[str, Any], base: State | None = None) -> PreparedMerge:
    base = base or {key: torch.zeros(size) for key, size in SIZES.items()}
    experts = {name: {key: value + 1 for key, value in base.items()} for name in ("x", "y")}
    return finish(prepare(plan_for(recipe, experts, base)))


def joined(recipe: Mapping[str, Any], base: State | None = None) -> list[KeyGroup]:
    made = prepared(recipe, base)
    return key_groups.key_groups(made, made.method)


def test_small_tensors_are_joined_up_to_a_number_of_entries_and_large_ones_stay_alone() -> None:
    assert joined(TASK_ARITHMETIC) == [("a", "c"), ("d",), ("b",)]


def test_only_tensors_stored_alike_are_joined() -> None:
    base = {"a": torch.zeros(1), "b": torch.zeros(1).half(), "c": torch.zeros(2), "d": torch.zeros(3).double()}
    assert joined(TASK_ARITHMETIC, base) == [("a", "c"), ("b",), ("d",)]


def test_what_is_joined_is_no_longer_than_the_largest_tensor() -> None:
    base = {key: torch.zeros(size) for key, size in {"a": 2, "b": 1, "c": 3, "d": 1}.items()}
    assert joined(TASK_ARITHMETIC, base) == [("a", "b"), ("c",), ("d",)]


@pytest.mark.parametrize(
    "recipe",
    [
        {"method": "task_arithmetic", "sparsify": "dare"},
        {"method": {"name": "ties", "scope": "tensor"}},
        {"method": "ties", "sparsify": {"name": "trim", "scope": "tensor"}},
        {"method": "task_arithmetic", "overrides": [{"match": "a", "scale": 1.0}]},
        {"method": "average", "sparsify": "trim"},
    ],
    ids=["random bits", "own thresholds", "own thresholds before", "overrides", "weights after a step"],
)
def test_tensors_that_something_tells_apart_stay_alone(recipe: Mapping[str, Any]) -> None:
    assert all(len(visit) == 1 for visit in joined(recipe))


@pytest.mark.parametrize(
    "recipe", [{"method": "ties"}, {"method": "average"}, {"method": "magmax", "sparsify": "trim"}], ids=str
)
def test_rules_that_treat_all_tensors_alike_take_them_as_one(recipe: Mapping[str, Any]) -> None:
    assert ("a", "c") in joined(recipe)


def test_models_that_no_kernel_reads_are_looked_at_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mergelab.engine.planning.schedule.KERNELS_FROM", 10**9)
    assert joined(TASK_ARITHMETIC) == [("a",), ("b",), ("c",), ("d",)]
