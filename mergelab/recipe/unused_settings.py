"""The settings of a recipe whose values count nowhere, because others take their place."""

from __future__ import annotations

from collections.abc import Iterator

from mergelab.recipe.recipe import Recipe, Step

WEIGHT = "weight"


def unused_settings(recipe: Recipe) -> frozenset[str]:
    """Their paths, as `settings_of` has them.

    A step's value counts nowhere if each expert has one of its own, and no value counts where an override takes its place
    for all tensors. Overrides of some tensors leave it to the others.
    """
    unused = {path for owner, step in _steps(recipe) for path in _unused_of(recipe, owner, step)}
    return frozenset(unused | set(_replaced(recipe, {WEIGHT, f"method.{WEIGHT}"})))


def _steps(recipe: Recipe) -> Iterator[tuple[str, Step]]:
    yield "method", recipe.method
    if recipe.sparsify:
        yield "sparsify", recipe.sparsify


def _unused_of(recipe: Recipe, owner: str, step: Step) -> Iterator[str]:
    for name in step.knobs:
        spellings = {name, f"{owner}.{name}"}
        yield from _replaced(recipe, spellings)
        own = {expert.model for expert in recipe.models if not spellings.isdisjoint(expert.knobs)}
        if own | _overridden(recipe, spellings) >= {expert.model for expert in recipe.models}:
            yield f"{owner}.{name}"


def _replaced(recipe: Recipe, spellings: set[str]) -> Iterator[str]:
    """The experts' own values in whose place an override stands."""
    yield from (f"{name} of {model}" for model in _overridden(recipe, spellings) for name in spellings)


def _overridden(recipe: Recipe, spellings: set[str]) -> set[str]:
    """The experts for which an override of all tensors sets the knob."""
    everywhere = [each for each in recipe.overrides if not each.match and not each.layers]
    whose = {each.model for each in everywhere if not spellings.isdisjoint(each.knobs)}
    return {expert.model for expert in recipe.models if {None, expert.model} & whose}
