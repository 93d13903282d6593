"""What a plan decides from headers about number formats, weights and tensors without entries."""

from __future__ import annotations

import numpy
import pytest
import torch
from tiny_states import State, merge, plan_for

from mergelab.engine import merged_model, prepare
from mergelab.runtime.progress import finish

BASE = numpy.array([0.1, 1.0, -3.0])
EXPERTS = {"a": numpy.array([0.3, 1.0 + 1e-12, -3.5]), "b": numpy.array([0.2, 1.0 - 3e-12, -2.9])}


def state(values: numpy.ndarray, dtype: torch.dtype = torch.float64) -> State:
    return {"w": torch.tensor(values, dtype=dtype)}


def test_task_arithmetic_on_float64_is_that_of_numpy() -> None:
    merged = merge({"name": "task_arithmetic", "scale": 0.3}, {k: state(v) for k, v in EXPERTS.items()}, state(BASE))
    right = BASE + 0.3 * ((EXPERTS["a"] - BASE) + (EXPERTS["b"] - BASE))
    assert merged["w"].dtype == torch.float64
    assert numpy.allclose(merged["w"].numpy(), right, rtol=1e-16, atol=1e-16)


def test_weights_of_float64_tensors_are_not_rounded_to_float32() -> None:
    merged = merge({"name": "task_arithmetic", "scale": 1.0}, {"a": state(BASE + 1)}, state(BASE), weights=[0.1])
    assert numpy.allclose(merged["w"].numpy(), BASE + 0.1, rtol=0, atol=1e-15)


@pytest.mark.parametrize(("base", "expert"), [("float32", "float64"), ("float64", "bfloat16")])
def test_one_model_in_float64_is_enough_and_the_result_is_rounded_once_to_the_bases_format(
    base: str, expert: str
) -> None:
    first, second = getattr(torch, base), getattr(torch, expert)
    models = {name: state(values, second) for name, values in EXPERTS.items()}
    plan = plan_for({"method": "average"}, models, state(BASE, first))
    assert plan.arithmetic == {"w": torch.float64}
    assert any("such tensors are merged in float64" in note for note in plan.notes)
    merged = merge("average", models, state(BASE, first))["w"]
    right = sum(model["w"].double() for model in models.values()) / 2
    assert merged.dtype == first and torch.allclose(merged, right.to(first), rtol=1e-15)


def test_the_recipes_dtype_rounds_a_float64_merge_once() -> None:
    models = {name: state(values) for name, values in EXPERTS.items()}
    wide, narrow = merge("average", models, state(BASE)), merge("average", models, state(BASE), dtype="float32")
    assert torch.equal(wide["w"].float(), narrow["w"]) and narrow["w"].dtype == torch.float32


def test_other_tensors_beside_a_float64_one_stay_in_float32() -> None:
    base = state(BASE) | {"v": torch.ones(2)}
    assert plan_for({"method": "average"}, {"a": base}, base).arithmetic == {"v": torch.float32, "w": torch.float64}


def test_sparsifiers_and_surveys_rank_float64_deltas_by_their_size_in_float32() -> None:
    base, expert = state(numpy.zeros(4)), state(numpy.array([1.0, 1.0 + 1e-12, 2.0, 0.5]))
    trimmed = merge("average", {"a": expert}, base, sparsify={"name": "trim", "density": 0.5})["w"]
    assert trimmed.tolist() == [1.0, 1.0 + 1e-12, 2.0, 0.0], "the first two are equal in float32: both are kept"


def test_weights_of_0_for_all_experts_are_told_in_one_remark() -> None:
    base = {key: torch.zeros(2) for key in ("embed.in", "embed.out", "w")}
    models = {name: {key: value + 1 for key, value in base.items()} for name in "ab"}
    recipe = {"method": "average", "overrides": [{"match": "embed", "weight": 0}]}
    found = finish(merged_model(finish(prepare(plan_for(recipe, models, base)))))
    assert found.tensors["embed.in"].tolist() == [0.0, 0.0] and found.tensors["w"].tolist() == [1.0, 1.0]
    assert found.remarks == [
        "embed.in: kept from the base, because every expert has weight 0 here; the same holds for 1 more tensor (embed.out)"
    ]


def test_a_tensor_without_entries_is_no_work_and_the_reason_is_given() -> None:
    base = {"w": torch.zeros(2), "unused": torch.empty(0, 4)}
    plan = plan_for({"method": "ties", "sparsify": "della"}, {"a": {**base, "w": torch.ones(2)}}, base)
    assert plan.keys == ("w",) and plan.why_not_merged("unused") == "it has no entries: copied from the base"


def test_an_expert_may_lack_a_tensor_without_entries() -> None:
    base = {"w": torch.zeros(2), "unused": torch.empty(0, 4)}
    merged = merge("average", {"a": {"w": torch.ones(2)}}, base)
    assert merged["unused"].shape == (0, 4) and merged["w"].tolist() == [1.0, 1.0]
