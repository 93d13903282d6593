"""Every point of a sweep has the bits of its separate merge, whichever way it is computed."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import torch
from fused_merges import EVERY_TIES
from repository import ROOT
from tiny_states import NAMES, State, numbers, random_state, same_bits, tuned

from mergelab import merge_state_dicts
from mergelab.checkpoints.files.buffers import OWN_FROM
from mergelab.engine import MergeError, sweep_bodies
from mergelab.engine.planning import schedule
from mergelab.methods import METHODS
from mergelab.recipe import RecipeError

DENSITIES = (0.3, 0.0, 1.0, 0.3, 0.05, 0.9, 0.6)
"""Both ends, one twice, in no order."""
SAMPLED = random.Random(0).sample(EVERY_TIES, 24)


def models(count: int = 3, dtype: torch.dtype = torch.float32, coarse: bool = False) -> tuple[State, dict[str, State]]:
    """A base with a frozen tensor and experts; `coarse` ones have many equal and many cancelling changes."""
    base = {key: value.to(dtype) for key, value in random_state(0, 0.05).items()}
    base |= {"frozen": torch.ones(70, dtype=dtype), "long": random_state(1, 0.05, {"long": (5000,)})["long"].to(dtype)}
    experts = tuned({key: value.float() for key, value in base.items()}, count, 0.02)
    if coarse:
        experts = {
            name: {k: base[k].float() + ((v - base[k]) * 50).round() / 50 for k, v in state.items()}
            for name, state in experts.items()
        }
    return base, {name: {key: value.to(dtype) for key, value in state.items()} for name, state in experts.items()}


def with_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "KERNELS_FROM", 0)
    monkeypatch.setattr(schedule, "KEEP_BYTES", 0)


def wrong(
    recipe: Mapping[str, Any],
    base: State | None,
    experts: Mapping[str, State],
    knob: str,
    values: Sequence[Any],
    **options: Any,
) -> list[Any]:
    """The values at which the sweep is not the separate merge."""
    owner, _, name = knob.rpartition(".")
    owner = owner or "method"
    given = recipe[owner] if isinstance(recipe[owner], dict) else {"name": recipe[owner]}
    found = list(sweep_bodies(recipe, experts, base, knob=knob, values=values, **options))
    assert [value for value, _ in found] == list(values)
    separate = [merge_state_dicts({**recipe, owner: {**given, name: value}}, experts, base) for value in values]
    return [value for (value, body), own in zip(found, separate, strict=True) if not same_bits(body, own)]


def weighted(method: Mapping[str, Any], count: int = 3) -> dict[str, Any]:
    weights = (0.5, -0.3, 1.2, 1.0, 0.7)
    return {
        "method": method,
        "models": [{"model": n, "weight": w} for n, w in zip(NAMES[:count], weights, strict=False)],
    }


@pytest.mark.parametrize("coarse", [False, True], ids=["normal", "coarse"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32], ids=str)
def test_kernels_give_every_ties_the_bits_of_separate_merges(
    monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype, coarse: bool
) -> None:
    base, experts = models(3, dtype, coarse)
    with_kernels(monkeypatch)
    found = {
        str(words): wrong(weighted({"name": "ties", **words}), base, experts, "density", DENSITIES) for words in SAMPLED
    }
    assert not any(found.values()), found


@pytest.mark.parametrize("count", [1, 2, 4, 5])
@pytest.mark.parametrize("scope", ["model", "tensor"])
def test_any_number_of_experts_can_be_swept(monkeypatch: pytest.MonkeyPatch, count: int, scope: str) -> None:
    base, experts = models(count, torch.bfloat16, coarse=True)
    with_kernels(monkeypatch)
    assert wrong(weighted({"name": "ties", "scope": scope}, count), base, experts, "density", DENSITIES) == []


@pytest.mark.parametrize("knob", ["density", "scale"])
def test_running_statistics_float64_and_empty_tensors_are_swept_as_they_are_merged(
    monkeypatch: pytest.MonkeyPatch, knob: str
) -> None:
    base, experts = models(3)
    for state in (base, *experts.values()):
        state["norm.running_var"], state["wide"] = state["seven"].square(), state["matrix"].double() / 3
        state["empty"] = torch.empty(0, 3)
    with_kernels(monkeypatch)
    assert wrong(weighted({"name": "ties"}), base, experts, knob, (0.3, 0.0, 1.0)) == []


@pytest.mark.parametrize("words", SAMPLED[:8], ids=str)
def test_reference_functions_share_the_surveys_too(words: dict[str, str]) -> None:
    base, experts = models(3, torch.bfloat16)
    assert wrong(weighted({"name": "ties", **words}), base, experts, "density", DENSITIES) == []


@pytest.mark.parametrize(
    "step", [{"name": "dare", "density": 0.4}, {"name": "trim", "density": 0.5, "scope": "tensor"}]
)
@pytest.mark.parametrize("fused", [False, True])
def test_a_sparsifier_before_ties_acts_at_every_point(
    monkeypatch: pytest.MonkeyPatch, fused: bool, step: dict[str, Any]
) -> None:
    base, experts = models(2, torch.bfloat16)
    if fused:
        with_kernels(monkeypatch)
    recipe = {"method": {"name": "ties"}, "sparsify": step}
    assert wrong(recipe, base, experts, "method.density", DENSITIES) == []
    assert wrong(recipe, base, experts, "sparsify.density", (0.7, 0.2)) == []


def test_an_expert_with_a_density_of_its_own_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    base, experts = models(2)
    with_kernels(monkeypatch)
    recipe = {"method": {"name": "ties"}, "models": ["a", {"model": "b", "density": 0.5}]}
    assert wrong(recipe, base, experts, "density", DENSITIES) == []


def test_overrides_keep_the_densities_they_name(monkeypatch: pytest.MonkeyPatch) -> None:
    base, experts = models(2)
    with_kernels(monkeypatch)
    recipe = {"method": {"name": "ties"}, "overrides": [{"match": "long", "density": 0.3}]}
    assert wrong(recipe, base, experts, "density", DENSITIES) == []


@pytest.mark.parametrize("out", ["float32", "float16", "bfloat16"])
def test_formats_may_differ_between_base_experts_and_result(monkeypatch: pytest.MonkeyPatch, out: str) -> None:
    base, experts = models(2)
    experts = {name: {key: value.bfloat16() for key, value in state.items()} for name, state in experts.items()}
    with_kernels(monkeypatch)
    assert wrong({"method": {"name": "ties"}, "dtype": out}, base, experts, "density", DENSITIES) == []
    experts["a"] = {key: value.half() for key, value in experts["a"].items()}  # no kernel reads two formats of experts
    assert wrong({"method": {"name": "ties"}, "dtype": out}, base, experts, "density", DENSITIES[:3]) == []


def test_a_body_that_is_gone_lends_its_memory_to_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    base = {"w": torch.zeros(OWN_FROM // 2, dtype=torch.bfloat16)}
    experts = {name: {"w": torch.randn(OWN_FROM // 2).bfloat16()} for name in "ab"}
    with_kernels(monkeypatch)
    places = []
    for _, body in sweep_bodies({"method": "ties"}, experts, base, knob="density", values=DENSITIES):
        places.append(body["w"].data_ptr())
        del body
    assert len(set(places)) < len(places)


def test_threads_and_stretches_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    base, experts = models(2, torch.bfloat16)
    shapes = {f"layer.{number}.w": (300, 200) for number in range(4)}
    base |= {key: value.bfloat16() for key, value in random_state(7, 0.05, shapes).items()}
    experts = {
        name: {
            **state,
            **{
                key: (base[key].float() + 0.01 * value).bfloat16()
                for key, value in random_state(seed, 1.0, shapes).items()
            },
        }
        for seed, (name, state) in enumerate(experts.items())
    }
    with_kernels(monkeypatch)
    monkeypatch.setattr(schedule, "KERNEL_CHUNK", 3 * schedule.ALIGNMENT)
    torch.set_num_threads(2)
    try:
        for scope in ("model", "tensor"):
            assert wrong({"method": {"name": "ties", "scope": scope}}, base, experts, "density", DENSITIES) == []
    finally:
        torch.set_num_threads(1)


def test_tied_and_whole_number_tensors_come_with_every_point(monkeypatch: pytest.MonkeyPatch) -> None:
    base, experts = models(2, torch.bfloat16)
    for state in (base, *experts.values()):
        state["steps"] = torch.tensor([3])
        state["alias"] = state["long"]
    with_kernels(monkeypatch)
    assert wrong({"method": {"name": "ties"}}, base, experts, "density", DENSITIES) == []


@pytest.mark.parametrize("state", ["a", "base"])
@pytest.mark.parametrize("density", [0.5, 1.0])
def test_values_that_are_not_finite_are_refused_as_in_one_merge(
    monkeypatch: pytest.MonkeyPatch, state: str, density: float
) -> None:
    base, experts = models(2, torch.bfloat16)
    {"base": base, **experts}[state]["long"][77] = float("nan")
    recipe = {"method": {"name": "ties", "density": density}}
    with_kernels(monkeypatch)
    with pytest.raises(MergeError) as separate:
        merge_state_dicts(recipe, experts, base)
    with pytest.raises(MergeError) as swept:
        list(sweep_bodies(recipe, experts, base, values=[0.2, density]))
    assert str(swept.value) == str(separate.value)


def test_an_overflow_is_told_at_the_point_where_it_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    base, experts = models(2, torch.float16)
    for number, state in enumerate(experts.values()):
        state["long"] = base["long"].clone()
        state["long"][5] = 40_000 + number
        state["long"][9] = 1.0
    recipe = {"method": {"name": "ties", "combine": "sum", "scope": "tensor"}}
    with_kernels(monkeypatch)
    with pytest.raises(MergeError, match="long of the merged model holds 1 values"):
        list(sweep_bodies(recipe, experts, base, values=[0.0, 0.5]))
    assert wrong(recipe, base, experts, "density", [0.0]) == []


@pytest.mark.parametrize(
    "method", [name for name, rule in METHODS.items() if "scale" in {knob.name for knob in rule.knobs}]
)
def test_every_methods_scale_is_swept(method: str) -> None:
    base, experts = models(2)
    found = list(sweep_bodies({"method": method}, experts, base, knob="scale", values=(0.5, 1.0)))
    separate = [merge_state_dicts({"method": {"name": method, "scale": scale}}, experts, base) for scale, _ in found]
    assert all(same_bits(body, own) for (_, body), own in zip(found, separate, strict=True))


@pytest.mark.parametrize(
    ("method", "knob", "values"),
    [
        ("ties", "scale", (0.5, 1.0, 0.0)),
        ("ties", "elect", ("count", "mass")),
        ("task_arithmetic", "scale", (0.1, 0.3)),
        ("sce", "density", (0.2, 0.8)),
        ("slerp", "method.t", (0.0, 0.4)),
    ],
)
@pytest.mark.parametrize("fused", [False, True])
def test_other_knobs_and_methods_are_swept_too(
    monkeypatch: pytest.MonkeyPatch, fused: bool, method: str, knob: str, values: tuple[Any, ...]
) -> None:
    base, experts = models(2)
    if fused:
        with_kernels(monkeypatch)
    assert wrong({"method": method}, base, experts, knob, values) == []


def test_a_sweep_over_scale_surveys_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from mergelab.methods.ops.thresholds import Ranking

    base, experts = models(2)
    added: list[str] = []
    real = Ranking.add
    monkeypatch.setattr(Ranking, "add", lambda self, stack: added.append(stack.key) or real(self, stack))
    list(sweep_bodies({"method": "ties"}, experts, base, knob="scale", values=[0.5, 0.7, 1.0]))
    assert len(added) == len(set(added))


def test_a_sweep_over_density_counts_once_for_all_points(monkeypatch: pytest.MonkeyPatch) -> None:
    from mergelab.methods.ops.thresholds import Ranking

    base, experts = models(2)
    added: list[str] = []
    real = Ranking.add
    monkeypatch.setattr(Ranking, "add", lambda self, stack: added.append(stack.key) or real(self, stack))
    list(sweep_bodies({"method": "ties"}, experts, base, values=DENSITIES))
    assert len(added) == len(set(added))


def test_wrong_knobs_and_values_are_refused_before_anything_is_merged() -> None:
    base, experts = numbers(0.0, 0.0), {"a": numbers(1.0, 2.0)}
    ties = {"method": "ties"}
    with pytest.raises(RecipeError, match=r"no knob 'densty' to sweep\. Did you mean 'density'\?"):
        sweep_bodies(ties, experts, base, knob="densty", values=[0.5])
    with pytest.raises(RecipeError, match=r"density of ties must be in \[0, 1\], got 1\.5"):
        sweep_bodies(ties, experts, base, values=[0.5, 1.5])
    with pytest.raises(RecipeError, match=r"write method\.density or sparsify\.density"):
        sweep_bodies({**ties, "sparsify": "dare"}, experts, base, values=[0.5])
    with pytest.raises(RecipeError, match="no knob 'weights' to sweep"):
        sweep_bodies(ties, experts, base, knob="weights", values=[0.5])


def test_the_example_of_the_recipes_page_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    example = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", page, re.DOTALL)
    assert example is not None
    exec(compile(example[1], "docs/recipes.md", "exec"), {})
    assert capsys.readouterr().out == example[2]


def test_no_values_are_no_points() -> None:
    assert list(sweep_bodies({"method": "ties"}, {"a": numbers(1.0)}, numbers(0.0), values=[])) == []


@pytest.mark.parametrize("scope", ["model", "tensor"])
def test_the_kernels_do_take_a_sweep_over_density(monkeypatch: pytest.MonkeyPatch, scope: str) -> None:
    from mergelab.kernels.cpu import sweep_counts

    base, experts = models(2, torch.bfloat16)
    calls: list[str] = []
    ranks = {"model": "add_lower_counts", "tensor": "largest_at"}[scope]
    for name in (ranks, "elections"):
        real = getattr(sweep_counts, name)
        monkeypatch.setattr(sweep_counts, name, lambda *given, name=name, real=real: calls.append(name) or real(*given))
    with_kernels(monkeypatch)
    list(sweep_bodies({"method": {"name": "ties", "scope": scope}}, experts, base, values=DENSITIES))
    assert set(calls) == {ranks, "elections"}
    assert calls.count("elections") <= len(base)  # once for all points
