"""Small models are merged by kernels that are loaded already, and by no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from fused_merges import models
from tiny_states import State, plan_for, same_bits

from mergelab.engine import PreparedMerge, merged_body, prepare
from mergelab.engine.planning import ready_kernels
from mergelab.recipe import Recipe
from mergelab.runtime.progress import finish


@pytest.fixture(autouse=True)
def nothing_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready_kernels, "_ready", set())


def prepared(**method: Any) -> PreparedMerge:
    base, experts = models("coarse", torch.float32)
    return finish(prepare(plan_for({"method": {"name": "ties", **method}}, experts, base)))


def merged(**method: Any) -> State:
    return finish(merged_body(prepared(**method)))


def recipe(**method: Any) -> Recipe:
    return Recipe.from_mapping({"base": "b", "models": ["m", "n"], "method": {"name": "ties", **method}})


def test_a_small_model_is_merged_by_loaded_kernels_with_the_same_bits_whatever_the_numbers_of_its_recipe() -> None:
    expected = merged(density=0.7)
    before = prepared(density=0.3)
    assert (before.schedule.kernels_merge, before.schedule.keeps_deltas) == (False, True)
    with ready_kernels.loading(before.plan.recipe):
        inside = prepared(density=0.3)
        assert inside.schedule.kernels_merge and inside.schedule.threads == 1, "the other cores belong to other merges"
        finish(merged_body(inside))
    assert prepared(density=0.7).schedule.kernels_merge
    assert same_bits(merged(density=0.7), expected)


def test_kernels_that_could_not_be_loaded_are_not_used() -> None:
    with pytest.raises(MemoryError), ready_kernels.loading(recipe()):
        raise MemoryError
    assert not ready_kernels.are_ready(recipe()) and not ready_kernels.are_loading()


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ({"density": 0.2}, {"density": 0.3}, True),
        ({"density": 0.2, "scale": 0.5}, {"density": 0.2, "scale": 2.5}, True),
        ({"density": 0.2}, {"density": 1.0}, False),
        ({"density": 0.2}, {"density": 0.0}, False),
        ({"scale": 0.5}, {"scale": -0.5}, False),
        ({"scope": "model"}, {"scope": "tensor"}, False),
    ],
)
def test_recipes_are_of_one_kind_if_they_differ_in_numbers_between_their_ends(
    one: Mapping[str, Any], other: Mapping[str, Any], alike: bool
) -> None:
    assert (ready_kernels.kind_of(recipe(**one)) == ready_kernels.kind_of(recipe(**other))) is alike


def test_a_method_without_a_kernel_keeps_its_deltas() -> None:
    base, experts = models("coarse", torch.float32)
    plan = plan_for({"method": "median"}, experts, base)
    with ready_kernels.loading(plan.recipe):
        finish(prepare(plan))
    assert finish(prepare(plan)).schedule.keeps_deltas
