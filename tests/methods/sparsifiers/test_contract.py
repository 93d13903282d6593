"""Promises of every registered sparsifier; a new one is covered by being registered."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
import torch
from tiny_states import SHAPES, State, corners, merge, plan_for, random_state, same_bits, tuned

from mergelab.engine import deltas, prepare, sparse_deltas
from mergelab.methods.knobs import Knob, Range, Value
from mergelab.methods.registry import Rule
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.runtime.progress import finish


def has_density(rule: Rule) -> bool:
    return any(knob.name == "density" for knob in rule.knobs)


EVERY_SPARSIFIER = pytest.mark.parametrize("rule", SPARSIFIERS.values(), ids=SPARSIFIERS)
DENSE = {name: rule for name, rule in SPARSIFIERS.items() if has_density(rule)}
WITH_A_DENSITY = pytest.mark.parametrize("rule", DENSE.values(), ids=DENSE)
EVERY_CORNER = pytest.mark.parametrize(
    ("rule", "knobs"),
    [pytest.param(rule, knobs, id=f"{name}-{knobs}") for name, rule in SPARSIFIERS.items() for knobs in corners(rule)],
)


OWN_KNOBS = [
    pytest.param(rule, knob, id=f"{name}-{knob.name}")
    for name, rule in SPARSIFIERS.items()
    for knob in rule.knobs
    if rule.alone and isinstance(knob.domain, Range) and knob.domain.each
]


def sparse(
    rule: Rule,
    models: dict[str, State],
    base: State,
    seed: int = 0,
    own: Sequence[dict[str, Value]] = (),
    **knobs: Value,
) -> State:
    """What the sparsifier leaves of every delta, (n_models, *shape), in the order of the models' names; `own` are knobs
    of single experts."""
    entries = [{"model": name, **knobs} for name, knobs in zip(models, own or [{}] * len(models), strict=True)]
    recipe = {"models": entries, "method": "average", "sparsify": {"name": rule.name, **knobs}, "seed": seed}
    prepared = finish(prepare(plan_for(recipe, models, base)))
    order = [prepared.plan.positions.index(place) for place in range(len(models))]
    return {key: sparse_deltas(prepared, key)[order] for key in prepared.plan.keys}


def all_deltas(models: dict[str, State], base: State) -> State:
    prepared = finish(prepare(plan_for({"method": "average"}, models, base)))
    order = [prepared.plan.positions.index(place) for place in range(len(models))]
    return {key: deltas(prepared, key)[order] for key in prepared.plan.keys}


@EVERY_SPARSIFIER
def test_the_signature_says_all_that_a_page_needs(rule: Rule) -> None:
    assert rule.title and rule.paper and len(rule.summary) > 10 and rule.summary.endswith(".")
    assert rule.space == "deltas" and rule.per_model is None
    for knob in rule.knobs:
        assert len(knob.domain.help) > 10, f"{knob.name} has no help"
        assert knob.domain.check(knob.name, knob.default) == knob.default, f"the default of {knob.name} is not legal"


@EVERY_CORNER
def test_every_corner_keeps_shapes_and_stays_finite(rule: Rule, knobs: dict[str, Value]) -> None:
    base = random_state(0)
    left = sparse(rule, tuned(base), base, **knobs)
    assert {key: tuple(value.shape[1:]) for key, value in left.items()} == SHAPES
    assert all(bool(value.isfinite().all()) for value in left.values())


@EVERY_CORNER
def test_models_equal_to_their_base_give_the_base_bit_for_bit(rule: Rule, knobs: dict[str, Value]) -> None:
    if knobs.get("target") == "weights":
        pytest.skip("drops weights, not deltas: the papers' negative control")
    base = random_state(0)
    models = {name: {key: value.clone() for key, value in base.items()} for name in "ab"}
    for method in ("average", "task_arithmetic", "ties"):
        assert same_bits(merge(method, models, base, sparsify={"name": rule.name, **knobs}), base)


@WITH_A_DENSITY
def test_density_one_changes_nothing(rule: Rule) -> None:
    base = random_state(0)
    models = tuned(base)
    assert same_bits(sparse(rule, models, base, density=1.0), all_deltas(models, base))


@WITH_A_DENSITY
def test_density_zero_leaves_nothing(rule: Rule) -> None:
    base = random_state(0)
    assert not any(value.any() for value in sparse(rule, tuned(base), base, density=0.0).values())


@WITH_A_DENSITY
def test_a_larger_density_only_adds_survivors(rule: Rule) -> None:
    base = random_state(0, shapes={"w": (40, 30), "b": (30,)})
    models = tuned(base)
    survivors = [sparse(rule, models, base, density=density) for density in (0.0, 0.05, 0.3, 0.31, 0.8, 1.0)]
    for fewer, more in itertools.pairwise(survivors):
        for key in base:
            assert not bool(((fewer[key] != 0) & (more[key] == 0)).any())


@EVERY_SPARSIFIER
def test_survivors_keep_their_sign(rule: Rule) -> None:
    base = random_state(0)
    models = tuned(base)
    knobs = {"density": 0.5} if has_density(rule) else {}
    before, after = all_deltas(models, base), sparse(rule, models, base, **knobs)
    assert any(value.any() for value in after.values())
    for key in base:
        assert bool(((after[key] == 0) | (after[key].sign() == before[key].sign())).all())


@EVERY_SPARSIFIER
def test_inputs_are_not_changed(rule: Rule) -> None:
    base = random_state(0)
    models = tuned(base)
    before = [{key: value.clone() for key, value in state.items()} for state in (base, *models.values())]
    sparse(rule, models, base)
    assert all(same_bits(kept, state) for kept, state in zip(before, (base, *models.values()), strict=True))


@EVERY_SPARSIFIER
def test_neither_the_order_of_experts_nor_of_tensors_changes_a_bit(rule: Rule) -> None:
    base = random_state(0)
    models = tuned(base)
    forward = sparse(rule, models, base)
    turned = {name: dict(reversed(state.items())) for name, state in reversed(models.items())}
    backward = sparse(rule, turned, dict(reversed(base.items())))
    assert same_bits(forward, {key: value.flip(0) for key, value in backward.items()})


@EVERY_SPARSIFIER
def test_an_experts_survivors_depend_on_its_company_only_where_the_rule_says_so(rule: Rule) -> None:
    base = random_state(0)
    models = tuned(base, 2)
    alone = sparse(rule, {"a": models["a"]}, base)
    together = sparse(rule, models, base)
    assert same_bits({key: value[:1] for key, value in together.items()}, alone) == rule.alone


@pytest.mark.parametrize(("rule", "knob"), OWN_KNOBS)
def test_an_expert_with_a_number_of_its_own_keeps_what_it_would_keep_if_all_had_it(rule: Rule, knob: Knob) -> None:
    base = random_state(0)
    models = tuned(base, 2)
    values = [0.1 * knob.domain.high, 0.6 * knob.domain.high]
    together = sparse(rule, models, base, own=[{knob.name: value} for value in values])
    for place, value in enumerate(values):
        same = sparse(rule, models, base, **{knob.name: value})
        assert same_bits(
            {key: kept[place] for key, kept in together.items()}, {key: kept[place] for key, kept in same.items()}
        )


@EVERY_SPARSIFIER
def test_the_number_of_threads_changes_no_bit(rule: Rule) -> None:
    base = random_state(0, shapes={"wide": (300, 700)})
    models = tuned(base, 2)
    results = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        results.append(sparse(rule, models, base))
    torch.set_num_threads(1)
    assert same_bits(*results)
