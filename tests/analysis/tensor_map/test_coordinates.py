"""Single coordinates: every step a recipe takes, by the engine's own functions, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
import torch
from tensor_sessions import session_for, session_of
from tiny_states import State, plan_for, random_state, tuned

from mergelab.analysis.tensor_map import Coordinates, TensorSession, Window, read_coordinates
from mergelab.analysis.tensor_map.grid import MOST
from mergelab.engine import PreparedMerge, kept_deltas, merge_tensor, prepare, with_statistics
from mergelab.engine.planning import schedule
from mergelab.runtime.progress import finish

SHAPES = {"matrix": (12, 10), "conv": (4, 3, 2, 2), "vector": (11,), "scalar": ()}
BASE = random_state(1, 1.0, SHAPES)
EXPERTS = tuned(BASE, 3)
RECIPES: tuple[dict[str, Any], ...] = (
    {"method": {"name": "ties", "density": 0.3}},
    {"method": {"name": "ties", "density": 0.5, "scope": "tensor"}, "dtype": "bfloat16"},
    {"method": "task_arithmetic", "sparsify": {"name": "dare", "density": 0.4}, "seed": 3},
    {"method": "average", "sparsify": {"name": "della", "density": 0.4}},
    {"method": {"name": "ties", "density": 0.5}, "sparsify": {"name": "trim", "density": 0.6, "rescale": "inverse"}},
    {"method": "magmax", "match_norms": "model"},
    {"method": "tsv_m"},
)


def numbers(session: TensorSession, key: str) -> Coordinates:
    return read_coordinates(session, key, session.grid(key).whole)


def step(found: Coordinates, name: str) -> Any:
    return next(each for each in found.steps if each["name"] == name)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("key", SHAPES)
def test_merged_weights_have_the_bits_of_the_merge_and_kept_deltas_those_of_the_engine(
    recipe: dict[str, Any], key: str
) -> None:
    session = session_for(recipe, EXPERTS, BASE)
    traced, _ = session.traced(key, 0, session.grid(key).rows)
    merged = merge_tensor(session.prepared, key)
    assert traced.merged.dtype == merged.dtype
    assert torch.equal(traced.merged, merged)
    assert torch.equal(traced.kept, kept_deltas(session.prepared, key))
    grid = session.grid(key)
    assert numpy.array_equal(numbers(session, key).merged, grid.lay_out(merged.float()).numpy())


@pytest.mark.parametrize("recipe", RECIPES[:5])
def test_a_stretch_of_rows_has_the_bits_of_the_whole(recipe: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = numbers(session_for(recipe, EXPERTS, BASE), "matrix")
    monkeypatch.setattr(schedule, "KEEP_BYTES", 0)  # as in a model too large to be held
    session = session_for(recipe, EXPERTS, BASE)
    assert session.in_parts("matrix")
    part = read_coordinates(session, "matrix", Window(3, 2, 5, 6))
    assert numpy.array_equal(part.merged, whole.merged[3:8, 2:8])
    for mine, theirs in zip(part.steps, whole.steps, strict=True):
        assert mine["name"] == theirs["name"]
        assert numpy.array_equal(mine["values"], theirs["values"][:, 3:8, 2:8])


def test_ties_trims_then_elects_then_merges() -> None:
    recipe = {"method": {"name": "ties", "density": 0.5, "scope": "tensor"}}
    found = numbers(session_of(recipe, [[3.0, 1.0, 2.0, 0.1]], [[-1.0, 5.0, 4.0, 0.2]]), "w")
    assert [each["name"] for each in found.steps] == ["delta", "trim", "elect"]
    assert step(found, "trim")["values"].tolist() == [[[3, 0, 2, 0]], [[0, 5, 4, 0]]]
    assert step(found, "elect")["signs"][0, :3].tolist() == [1, 1, 1]
    assert found.merged.tolist() == [[3, 5, 3, 0]]


def test_the_loser_of_an_election_takes_no_part() -> None:
    recipe = {"method": {"name": "ties", "density": 1.0}}
    found = numbers(session_of(recipe, [[3.0, -1.0]], [[-1.0, 4.0]]), "w")
    assert step(found, "elect")["values"].tolist() == [[[3, 0]], [[0, 4]]]
    assert found.merged.tolist() == [[3, 4]]


def test_a_sparsifier_drops_then_rescales() -> None:
    recipe = {"method": {"name": "task_arithmetic", "scale": 1.0}, "sparsify": {"name": "dare", "density": 0.5}}
    found = numbers(session_of(recipe, [[1.0] * 16]), "w")
    assert [each["name"] for each in found.steps] == ["delta", "drop", "rescale", "weigh"]
    dropped, rescaled = step(found, "drop")["values"], step(found, "rescale")["values"]
    assert set(dropped.flatten().tolist()) == {0.0, 1.0}
    assert numpy.array_equal(rescaled, 2 * dropped)


def test_weights_are_applied_before_the_sum() -> None:
    recipe = {"models": [{"model": "a", "weight": 0.5}, {"model": "b", "weight": 2.0}], "method": "task_arithmetic"}
    found = numbers(session_of(recipe, [[2.0]], [[3.0]]), "w")
    assert step(found, "weigh")["values"].tolist() == [[[1]], [[6]]]
    assert found.merged[0].tolist() == pytest.approx([0.3 * 7])


def test_fisher_tells_each_experts_share() -> None:
    models: dict[str, State] = {"a": {"w": torch.tensor([[1.0, 1.0]])}, "b": {"w": torch.tensor([[2.0, 4.0]])}}
    plan = plan_for({"method": {"name": "fisher", "normalize": "none"}}, models, {"w": torch.zeros(1, 2)})
    sure = {"fisher": {"a": {"w": torch.tensor([[3.0, 1.0]])}, "b": {"w": torch.tensor([[1.0, 1.0]])}}}
    prepared: PreparedMerge = finish(prepare(with_statistics(plan, sure)))
    found = numbers(TensorSession(prepared), "w")
    assert step(found, "weigh")["shares"].tolist() == [[[0.75, 0.5]], [[0.25, 0.5]]]
    assert step(found, "weigh")["values"].sum(0).tolist() == found.merged.tolist() == [[1.25, 2.5]]


def test_other_methods_show_what_goes_in_and_what_comes_out() -> None:
    found = numbers(session_of({"method": "magmax"}, [[1.0, -5.0]], [[-2.0, 3.0]]), "w")
    assert [each["name"] for each in found.steps] == ["delta"]
    assert found.merged.tolist() == [[-1, -2.5]]


def test_experts_come_in_the_order_of_the_recipe() -> None:
    for order in (("a", "b"), ("b", "a")):
        recipe = {"models": [{"model": name} for name in order], "method": "average"}
        found = numbers(session_of(recipe, [[1.0]], [[2.0]]), "w")
        assert found.experts == order
        assert found.steps[0]["values"].flatten().tolist() == [{"a": 1.0, "b": 2.0}[name] for name in order]


@pytest.mark.parametrize(
    ("window", "complaint"), [(Window(0, 0, 2, 1), "lies outside"), (Window(0, 0, 1, MOST + 1), "zoom in")]
)
def test_windows_that_cannot_be_shown_are_refused(window: Window, complaint: str) -> None:
    session = session_of({"method": "average"}, [[0.0] * 100])
    with pytest.raises(ValueError, match=complaint):
        read_coordinates(session, "w", window)


def test_a_tensor_that_is_not_merged_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="nothing is not merged: the merged tensors are called w"):
        numbers(session_of({"method": "average"}, [[0.0]]), "nothing")


def test_experts_without_weight_have_no_share_and_the_merged_values_are_the_bases() -> None:
    entries = [{"model": name, "weight": 0.0} for name in EXPERTS]
    found = numbers(session_for({"method": "average", "models": entries}, EXPERTS, BASE), "matrix")
    assert not any(share for own in step(found, "weigh")["shares"].tolist() for row in own for share in row)
    assert numpy.array_equal(found.merged, BASE["matrix"].numpy())


@pytest.mark.parametrize("recipe", RECIPES)
def test_float64_tensors_are_shown_rounded(recipe: dict[str, Any]) -> None:
    wide = {name: {key: value.double() / 3 for key, value in state.items()} for name, state in EXPERTS.items()}
    session = session_for(recipe, wide, {key: value.double() / 3 for key, value in BASE.items()})
    traced, _ = session.traced("matrix", 0, 12)
    assert torch.equal(traced.merged, merge_tensor(session.prepared, "matrix"))
    assert {traced.base.dtype, traced.deltas.dtype, traced.kept.dtype} == {torch.float32}
    assert numpy.isfinite(numbers(session, "matrix").merged).all()
