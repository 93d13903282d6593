"""Merged models for many values of one knob, sharing what does not depend on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from mergelab.engine.execution import merged_body
from mergelab.engine.planning.pipeline import method_step
from mergelab.engine.planning.plan import Plan, Statistics
from mergelab.engine.prepared_merge import PreparedMerge
from mergelab.engine.state_dicts import plan_in_memory
from mergelab.engine.survey import prepare, prepare_method, prepare_steps
from mergelab.engine.sweeping.shared_surveys import AFTER_SURVEYS, with_plan
from mergelab.engine.sweeping.ties_sweep import swept_bodies
from mergelab.methods.knobs import Value, brief, nearest
from mergelab.methods.ops.thresholds import broadcast_to_models
from mergelab.recipe import Recipe, RecipeError
from mergelab.recipe.overrides import Place, find_place
from mergelab.runtime.progress import finish


def sweep_bodies(
    recipe_like: Mapping[str, Any],
    models: Mapping[str, Mapping[str, Tensor]],
    base: Mapping[str, Tensor] | None = None,
    statistics: Statistics | None = None,
    *,
    knob: str = "density",
    values: Sequence[Value],
) -> Iterator[tuple[Value, dict[str, Tensor]]]:
    """Each of `values` with what `merge_state_dicts` gives when the recipe's `knob` has that value, bit for bit.

    `knob` is a number or a word of the method or the sparsifier, with `method.` or `sparsify.` in front where both have
    it; experts and overrides that have a value of their own keep it. Points come in the order of `values`.

    Points share the surveys that the knob does not change; a sweep of TIES over density surveys for all points at once.
    If the caller releases each body before asking for the next one, its memory is reused. Raises ValueError as
    `merge_state_dicts` does, for all values before the first merge.
    """
    plan = plan_in_memory(recipe_like, models, base, statistics)
    place = _place(plan.recipe, knob)
    plans = [replace(plan, recipe=_with(plan.recipe, place, value)) for value in values]
    return _paired(values, _bodies(plans, place))


def _paired(values: Sequence[Value], bodies: Iterator[dict[str, Tensor]]) -> Iterator[tuple[Value, dict[str, Tensor]]]:
    """`zip`, but without keeping the first body alive."""
    for value in values:
        yield value, next(bodies)


def _place(recipe: Recipe, name: str) -> Place:
    """The recipe's field and the knob that a name means."""
    rules = {"method": recipe.rule, **({"sparsify": recipe.sparsifier} if recipe.sparsifier else {})}
    knobs_of = {owner: [knob for knob in rule.knobs if not knob.per_model] for owner, rule in rules.items()}
    try:
        place = find_place(name, knobs_of)
    except ValueError as error:
        raise RecipeError(str(error)) from error
    if place is None:
        known = sorted({knob.name for knobs in knobs_of.values() for knob in knobs})
        raise RecipeError(f"no knob {brief(name)} to sweep{nearest(name, known)}")
    return place


def _with(recipe: Recipe, place: Place, value: Value) -> Recipe:
    """The recipe with another value of a knob, checked."""
    given = recipe.to_mapping()
    given[place.owner][place.knob.name] = value
    return Recipe.from_mapping(given)


def _bodies(plans: Sequence[Plan], place: Place) -> Iterator[dict[str, Tensor]]:
    if plans and _shares_counts(plans[0].recipe, place):
        yield from swept_bodies(finish(prepare_steps(plans[0])), [_densities(plan) for plan in plans])
    else:
        for prepared in _prepared(plans, place):
            yield finish(merged_body(prepared))


def _shares_counts(recipe: Recipe, place: Place) -> bool:
    """Whether one count of magnitudes gives the thresholds of all points."""
    of_ties = recipe.method.name == "ties" and (place.owner, place.knob.name) == ("method", "density")
    return of_ties and not recipe.overrides


def _prepared(plans: Sequence[Plan], place: Place) -> Iterator[PreparedMerge]:
    """Every point prepared; surveys that the knob cannot change run once."""
    if place.owner == "sparsify" or not plans:
        yield from (finish(prepare(plan)) for plan in plans)
        return
    steps = finish(prepare_steps(plans[0]))
    if place.knob.name in AFTER_SURVEYS:
        once = finish(prepare_method(steps))
        yield from (with_plan(once, plan) for plan in plans)
    else:
        points = (replace(steps, plan=plan, method=method_step(plan)) for plan in plans)
        yield from (finish(prepare_method(point)) for point in points)


def _densities(plan: Plan) -> tuple[float, ...]:
    """Every model's density, the same for all tensors."""
    return broadcast_to_models(method_step(plan).knobs(plan.keys[0])["density"], len(plan.experts))
