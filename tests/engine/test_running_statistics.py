"""Running statistics are averaged by shares that the recipe gives, and never leave the models' range."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_states import State, merge, plan_for, same_bits

from mergelab.analysis.static.coverage import coverage
from mergelab.engine import merged_model, prepare, sparse_expert
from mergelab.engine.running_statistics import AVERAGED
from mergelab.runtime.progress import finish

MEAN, VARIANCE = "norm.running_mean", "norm.running_var"
POSITIVE = st.floats(0.0, 1e6, width=32)


def network(mean: float, variance: float, weight: float = 1.0) -> State:
    """A model with one weight and one batch normalisation."""
    return {
        "w": torch.tensor([weight]),
        MEAN: torch.tensor([mean]),
        VARIANCE: torch.tensor([variance]),
        "norm.num_batches_tracked": torch.tensor(3),
    }


BASE, A, B = network(0.0, 1.0), network(2.0, 3.0, 2.0), network(4.0, 5.0, 3.0)


@pytest.mark.parametrize(
    ("method", "weights", "mean", "variance"),
    [
        ("average", (1, 1), 3.0, 4.0),
        ("average", (1, 3), 3.5, 4.5),
        ("average", (0, 0), 0.0, 1.0),
        ({"name": "task_arithmetic", "scale": 0.0}, (1, 1), 0.0, 1.0),
        ({"name": "task_arithmetic", "scale": 0.25}, (1, 1), 1.5, 2.5),
        ({"name": "task_arithmetic", "scale": 0.5}, (1, 1), 3.0, 4.0),
        ({"name": "task_arithmetic", "scale": 2.0}, (1, 1), 3.0, 4.0),
        ({"name": "task_arithmetic", "scale": -1.0}, (1, 1), 0.0, 1.0),
        ({"name": "task_arithmetic", "scale": 1.0}, (-1, 1), 4.0, 5.0),
        ("ties", (1, 1), 3.0, 4.0),
        ("median", (1, 1), 3.0, 4.0),
        ({"name": "slerp", "t": 0.25}, (1, 1), 2.5, 3.5),
        ({"name": "slerp", "t": 0.0}, (1, 1), 2.0, 3.0),
        ({"name": "slerp", "t": 2.0}, (1, 1), 4.0, 5.0),
        ({"name": "emr", "task": 2}, (1, 1), 4.0, 5.0),
        ({"name": "emr", "task": 0}, (1, 1), 3.0, 4.0),
    ],
    ids=str,
)
def test_the_experts_have_as_much_as_the_recipe_moves_towards_them_and_the_base_has_the_rest(
    method: str | dict[str, Any], weights: tuple[float, float], mean: float, variance: float
) -> None:
    merged = merge(method, {"a": A, "b": B}, BASE, weights=weights)
    assert (merged[MEAN].item(), merged[VARIANCE].item()) == (mean, variance)
    assert merged["norm.num_batches_tracked"].item() == 3


def test_the_depth_scale_is_part_of_how_much_the_recipe_moves() -> None:
    merged = merge("average", {"a": A, "b": B}, BASE, depth_scale=[0.5, 0.5])
    assert merged[VARIANCE].item() == 2.5


def test_an_override_of_the_weights_reaches_running_statistics() -> None:
    overrides = [{"match": "running", "model": "a", "weight": 3}]
    assert merge("average", {"a": A, "b": B}, BASE, overrides=overrides)[VARIANCE].item() == 3.5


def test_without_a_base_the_experts_share_everything() -> None:
    assert merge("average", {"a": A, "b": B})[VARIANCE].item() == 4.0


@settings(max_examples=50, deadline=None)
@given(st.lists(POSITIVE, min_size=3, max_size=3), st.lists(st.floats(-2, 2), min_size=2, max_size=2), st.floats(-2, 2))
def test_a_variance_lies_between_those_of_the_models(
    variances: list[float], weights: list[float], scale: float
) -> None:
    base, *experts = (network(0.0, each, each) for each in variances)
    models = dict(zip("ab", experts, strict=True))
    merged = merge({"name": "task_arithmetic", "scale": scale}, models, base, weights=weights)
    assert min(variances) <= merged[VARIANCE].item() <= max(variances)


def test_thresholds_of_the_whole_model_do_not_count_running_statistics() -> None:
    """The two largest changes are those of the statistics: with them, a density of one third would keep no weight."""
    base, expert = network(0.0, 0.0, 0.0), network(9.0, 9.0, 1.0)
    assert merge({"name": "ties", "density": 0.33}, {"a": expert}, base)["w"].item() == 1.0


def test_one_remark_names_all_of_them_and_none_is_made_where_the_models_agree() -> None:
    plan = plan_for({"method": "task_arithmetic"}, {"a": A, "b": B}, BASE)
    assert finish(merged_model(finish(prepare(plan)))).remarks == [
        f"{MEAN}: {AVERAGED}; the same holds for 1 more tensor ({VARIANCE})"
    ]
    frozen = {
        name: model | {MEAN: BASE[MEAN].clone(), VARIANCE: BASE[VARIANCE].clone()}
        for name, model in (("a", A), ("b", B))
    }
    assert finish(merged_model(finish(prepare(plan_for({"method": "task_arithmetic"}, frozen, BASE))))).remarks == []


def test_a_plan_and_its_coverage_say_that_they_are_apart() -> None:
    plan = plan_for({"method": "average"}, {"a": A, "b": B}, BASE)
    assert plan.keys == ("w",) and plan.running_statistics == (MEAN, VARIANCE) and plan.parameters == 1
    assert plan.notes[-1].startswith(f"2 running statistics ({MEAN}, {VARIANCE}) of data: averaged over the models")
    reasons = dict(zip(*(coverage(plan)[name] for name in ("key", "reason")), strict=True))
    assert reasons["w"] == "" and reasons[MEAN] == plan.why_not_merged(MEAN) != ""


def test_a_sparsified_expert_keeps_its_own() -> None:
    prepared = finish(prepare(plan_for({"method": "average", "sparsify": "trim"}, {"a": A}, BASE)))
    assert finish(sparse_expert(prepared, 0))[VARIANCE].item() == 3.0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64], ids=str)
def test_equal_experts_give_theirs_back_bit_for_bit(dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    base = {key: torch.rand(50, generator=generator).double().to(dtype) for key in (MEAN, VARIANCE, "w")}
    expert = {key: torch.rand(50, generator=generator, dtype=torch.float64).to(dtype) for key in base}
    models = {name: {key: value.clone() for key, value in expert.items()} for name in "abc"}
    merged = merge("ties", models, base, weights=[0.1, 0.7, 0.3])
    assert all(same_bits({key: merged[key]}, {key: expert[key]}) for key in (MEAN, VARIANCE))


def test_there_is_a_remark_too_where_one_expert_alone_counts() -> None:
    entries = [{"model": "a", "weight": -1.0}, {"model": "b", "weight": 1.0}]
    plan = plan_for({"method": "task_arithmetic", "models": entries}, {"a": A, "b": B}, BASE)
    assert AVERAGED in finish(merged_model(finish(prepare(plan)))).remarks[0]
