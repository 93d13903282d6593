"""Promises of every registered merge method; a new one is covered by being registered."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_states import SHAPES, State, corners, count_for, ends, merge, random_state, same_bits, statistics_for, tuned

from mergelab.methods import METHODS, Rule
from mergelab.methods.knobs import Value

EVERY_METHOD = pytest.mark.parametrize("rule", METHODS.values(), ids=METHODS)
EVERY_CORNER = pytest.mark.parametrize(
    ("rule", "knobs"),
    [pytest.param(rule, knobs, id=f"{name}-{knobs}") for name, rule in METHODS.items() for knobs in corners(rule)],
)
DISTINCT = (0.5, 1.0, 1.5)


def merged(
    rule: Rule, models: dict[str, State], base: State, knobs: dict[str, Value] | None = None, **options
) -> State:
    statistics = options.pop("statistics", None) or statistics_for(rule, models)
    return merge({"name": rule.name, **(knobs or {})}, models, base, statistics=statistics, **options)


def weights_of(rule: Rule) -> Iterator[list[float]]:
    """Every expert at one end of the weight's slider, and the ends mixed."""
    if rule.per_model:
        low, high = map(float, ends(rule.per_model.domain))
        count = count_for(rule)
        yield from ([low] * count, [high] * count, [low, high, high][:count], [0.0] * count)


def some_weights(rule: Rule) -> tuple[float, ...]:
    """Weights to try: both ends of the slider and 0, or 1 for methods without weights."""
    return (*map(float, ends(rule.per_model.domain)), 0.0) if rule.per_model else (1.0,)


@EVERY_METHOD
def test_the_signature_says_all_that_a_page_needs(rule: Rule) -> None:
    assert rule.title and rule.paper and len(rule.summary) > 10 and rule.summary.endswith(".")
    for knob in rule.knobs:
        assert len(knob.domain.help) > 10, f"{knob.name} has no help"
        assert knob.domain.check(knob.name, knob.default) == knob.default, f"the default of {knob.name} is not legal"


@EVERY_METHOD
def test_a_rule_has_no_argument_that_is_neither_a_knob_nor_an_input(rule: Rule) -> None:
    arguments = set(rule.function.__annotations__) - {"return"}
    stack = next(iter(rule.function.__annotations__))
    assert arguments - {stack} == {knob.name for knob in rule.knobs} | set(rule.inputs)


@EVERY_CORNER
def test_every_corner_keeps_shapes_and_stays_finite(rule: Rule, knobs: dict[str, Value]) -> None:
    base = random_state(0)
    result = merged(rule, tuned(base, count_for(rule)), base, knobs)
    assert {key: tuple(value.shape) for key, value in result.items()} == SHAPES
    assert all(bool(value.isfinite().all()) for value in result.values())


@EVERY_METHOD
def test_every_end_of_the_weights_stays_finite(rule: Rule) -> None:
    base = random_state(0)
    models = tuned(base, count_for(rule))
    for weights in weights_of(rule):
        result = merged(rule, models, base, weights=weights)
        assert all(bool(value.isfinite().all()) for value in result.values()), weights


@EVERY_CORNER
def test_models_equal_to_their_base_give_the_base_bit_for_bit(rule: Rule, knobs: dict[str, Value]) -> None:
    base = random_state(0) | {"zeros": torch.tensor([0.0, -0.0])}
    models = {name: {key: value.clone() for key, value in base.items()} for name in "abc"[: count_for(rule)]}
    assert same_bits(merged(rule, models, base, knobs), base)


def keeping(models: Mapping[str, State]) -> list[dict[str, float]]:
    """Settings of which one makes a method give equal models back."""
    return [{}, {"density": 1.0}, {"scale": 1 / len(models)}, {"scale": 1.0}, {"t": 10.0}]


@EVERY_METHOD
def test_equal_models_are_a_fixed_point(rule: Rule) -> None:
    base = random_state(0)
    expert = tuned(base, 1)["a"] | {"scalar": torch.tensor(-0.0)}
    models = {name: {key: value.clone() for key, value in expert.items()} for name in "abc"[: count_for(rule)]}
    if rule.space == "weights" and rule.keeps_equal:
        assert same_bits(merged(rule, models, base), expert)
        return
    names = {knob.name for knob in rule.knobs}
    results = [merged(rule, models, base, knobs) for knobs in keeping(models) if knobs.keys() <= names]
    close = [all(torch.allclose(value, expert[key], atol=1e-6) for key, value in r.items()) for r in results]
    assert any(close) == rule.keeps_equal


@EVERY_METHOD
def test_inputs_are_neither_changed_nor_handed_back(rule: Rule) -> None:
    base = random_state(0) | {"frozen": torch.ones(3), "steps": torch.tensor([3])}
    models = tuned(base, count_for(rule))
    statistics = statistics_for(rule, models)
    before = [{k: v.clone() for k, v in state.items()} for state in (base, *models.values())]
    result = merged(rule, models, base, statistics=statistics)
    for value in result.values():
        value.fill_(9)
    for kept, state in zip(before, (base, *models.values()), strict=True):
        assert same_bits(kept, state)


@EVERY_METHOD
def test_the_same_recipe_gives_the_same_bits(rule: Rule) -> None:
    base = random_state(0)
    models = tuned(base, count_for(rule))
    again = {name: {key: value.clone() for key, value in state.items()} for name, state in models.items()}
    assert same_bits(merged(rule, models, base), merged(rule, again, base))


@EVERY_METHOD
def test_the_order_of_the_experts_changes_no_bit(rule: Rule) -> None:
    """Slerp's default t is the middle of the arc; its other values have a first and a second expert by meaning."""
    base = random_state(0)
    models = tuned(base, count_for(rule))
    statistics = statistics_for(rule, models)
    weights = dict(zip(models, DISTINCT if rule.per_model else [1.0] * 3, strict=False))
    orders = list(itertools.permutations(models))
    results = [
        merged(rule, {n: models[n] for n in order}, base, weights=[weights[n] for n in order], statistics=statistics)
        for order in orders
    ]
    assert all(same_bits(results[0], result) for result in results[1:])


@EVERY_METHOD
def test_the_order_of_the_tensors_changes_no_bit(rule: Rule) -> None:
    base = random_state(0)
    models = tuned(base, count_for(rule))
    statistics = statistics_for(rule, models)
    turned = {name: dict(reversed(state.items())) for name, state in models.items()}
    forward = merged(rule, models, base, statistics=statistics)
    assert same_bits(forward, merged(rule, turned, dict(reversed(base.items())), statistics=statistics))


@EVERY_METHOD
def test_the_number_of_threads_changes_no_bit(rule: Rule) -> None:
    base = random_state(0, shapes={"wide": (300, 700), "bias": (700,)})
    models = tuned(base, count_for(rule))
    results = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        results.append(merged(rule, models, base))
    torch.set_num_threads(1)
    assert same_bits(*results)


@EVERY_METHOD
def test_one_expert_alone_is_merged(rule: Rule) -> None:
    if rule.models not in (None, 1):
        pytest.skip(f"{rule.name} takes exactly {rule.models} models")
    base = random_state(0)
    result = merged(rule, tuned(base, 1), base)
    assert all(bool(value.isfinite().all()) for value in result.values())


@EVERY_METHOD
@settings(max_examples=10, deadline=None)
@given(st.data())
def test_a_running_variance_is_never_negative(rule: Rule, data: st.DataObject) -> None:
    values = [data.draw(st.floats(0.0, 100.0, width=32)) for _ in range(count_for(rule) + 1)]
    states = ({"n.running_var": torch.tensor([value])} for value in values)
    base, *experts = ({"w": torch.full((2, 2), place + 1.0), **state} for place, state in enumerate(states))
    weights = [data.draw(st.sampled_from(some_weights(rule))) for _ in experts]
    models = dict(zip("abc", experts, strict=False))
    assert merged(rule, models, base, weights=weights)["n.running_var"].item() >= 0


@EVERY_METHOD
def test_where_every_expert_has_weight_0_the_base_stays(rule: Rule) -> None:
    if not rule.per_model:
        pytest.skip(f"{rule.name} has no weights")
    base = random_state(0)
    models = tuned(base, count_for(rule))
    assert same_bits(merged(rule, models, base, weights=[0.0] * len(models)), base)
    one = merged(rule, models, base, overrides=[{"match": "matrix", "weight": 0}])
    assert torch.equal(one["matrix"], base["matrix"]) and not torch.equal(one["seven"], base["seven"])


@EVERY_METHOD
def test_a_tensor_without_entries_is_copied(rule: Rule) -> None:
    base = random_state(0, shapes={"matrix": (3, 5), "empty": (0, 4)})
    result = merged(rule, tuned(base, count_for(rule)), base)
    assert result["empty"].shape == (0, 4) and result["matrix"].isfinite().all()


@EVERY_METHOD
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_equal_models_are_a_fixed_point_in_every_format(rule: Rule, dtype: torch.dtype) -> None:
    """Half-precision models come back bit for bit even as deltas, whose float32 sums round to them."""
    if not rule.keeps_equal:
        pytest.skip(f"{rule.name} does not keep equal models")
    base = {key: value.double().to(dtype) for key, value in random_state(0).items()}
    expert = {key: (value.double() + value.double() / 3).to(dtype) for key, value in base.items()}
    models = {name: {key: value.clone() for key, value in expert.items()} for name in "abc"[: count_for(rule)]}
    names = {knob.name for knob in rule.knobs}
    results = [merged(rule, models, base, each) for each in keeping(models) if each.keys() <= names]
    if rule.space == "weights" or dtype != torch.float64:
        assert any(same_bits(result, expert) for result in results)
    assert any(all(torch.allclose(r[key], expert[key], rtol=1e-14, atol=1e-15) for key in r) for r in results)


@EVERY_CORNER
def test_float64_models_are_merged_in_float64(rule: Rule, knobs: dict[str, Value]) -> None:
    """Models equal to their base give it bit for bit; others give float64 numbers near those of a merge in float32."""
    base = {key: value.double() / 3 for key, value in random_state(0).items()}
    same = {name: {key: value.clone() for key, value in base.items()} for name in "abc"[: count_for(rule)]}
    assert same_bits(merged(rule, same, base, knobs), base)
    moved = {
        name: {key: value / 3 for key, value in state.items()}
        for name, state in tuned(random_state(0), len(same)).items()
    }
    wide = {name: {key: value.double() for key, value in state.items()} for name, state in moved.items()}
    statistics = statistics_for(rule, moved)
    found = merged(rule, wide, base, knobs, statistics=statistics)
    near = merged(rule, moved, {key: value.float() for key, value in base.items()}, knobs, statistics=statistics)
    assert {value.dtype for value in found.values()} == {torch.float64}
    assert all(torch.allclose(found[key].float(), near[key], rtol=1e-3, atol=1e-4) for key in found)
