"""State dicts small enough to check by eye, and every corner of a rule's knobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mergelab import merge_state_dicts
from mergelab.checkpoints import in_memory
from mergelab.engine import Plan, Statistics, plan
from mergelab.methods.knobs import Choice, Domain, Value
from mergelab.methods.registry import Rule, Statistic, same_shape
from mergelab.recipe import Recipe

torch.set_num_threads(1)

State = dict[str, Tensor]
SHAPES = {"scalar": (), "one": (1,), "seven": (7,), "matrix": (3, 5), "cube": (2, 3, 4), "column": (4, 1)}
NAMES = ("a", "b", "c", "d", "e")
PLACES = ("task",)
"""Knobs that name an expert by its place: they end at the number of experts, whatever their slider offers."""


def random_state(seed: int, size: float = 1.0, shapes: Mapping[str, tuple[int, ...]] = SHAPES) -> State:
    """Normal entries of the given standard deviation."""
    generator = torch.Generator().manual_seed(seed)
    return {key: size * torch.randn(shape, generator=generator) for key, shape in shapes.items()}


def tuned(base: State, count: int = 3, size: float = 0.1) -> dict[str, State]:
    """`count` experts at a random distance from `base`; the tensor called frozen stays as it is."""
    shapes = {key: tuple(value.shape) for key, value in base.items()}
    moved = {name: random_state(100 + number, size, shapes) for number, name in enumerate(NAMES[:count])}
    return {
        name: {key: value.clone() if key == "frozen" else value + delta[key] for key, value in base.items()}
        for name, delta in moved.items()
    }


def numbers(*values: float) -> State:
    """A model of one tensor, `w`."""
    return {"w": torch.tensor(values, dtype=torch.float32)}


def merge(
    method: Mapping[str, Any] | str,
    models: Mapping[str, State],
    base: State | None = None,
    weights: Sequence[float] | None = None,
    statistics: Statistics | None = None,
    **fields: Any,
) -> State:
    """`merge_state_dicts` with one weight a model."""
    entries = [
        {"model": name, "weight": weight} for name, weight in zip(models, weights or [1.0] * len(models), strict=True)
    ]
    recipe = {"models": entries, "method": method, **fields}
    return merge_state_dicts(recipe, models, base, statistics)


def merged_numbers(
    method: Mapping[str, Any] | str, *models: Sequence[float], base: Sequence[float] | None = None, **options: Any
) -> list[float]:
    """Merge one-tensor models given as lists; the base is all zeros unless given."""
    states = {name: numbers(*values) for name, values in zip(NAMES, models, strict=False)}
    return merge(method, states, numbers(*(base or [0.0] * len(models[0]))), **options)["w"].tolist()


def plan_for(recipe: Mapping[str, Any], models: Mapping[str, State], base: State | None = None) -> Plan:
    """The plan of a recipe for models in memory, in the order of `models` unless the recipe has its own."""
    checked = Recipe.from_mapping({"base": "base" if base else None, **recipe}, models=list(models))
    experts = [in_memory(expert.model, models[expert.model]) for expert in checked.models]
    return plan(checked, in_memory("base", base) if base else None, experts)


def same_bits(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> bool:
    """Whether two states agree in keys, dtypes and every bit; 0.0 and -0.0 differ."""
    return first.keys() == second.keys() and all(
        first[key].dtype == second[key].dtype and torch.equal(_bytes(first[key]), _bytes(second[key])) for key in first
    )


def _bytes(tensor: Tensor) -> Tensor:
    return tensor.contiguous().reshape(-1).view(torch.uint8)


def corners(rule: Rule) -> Iterator[dict[str, Value]]:
    """Knob settings with one knob at an end of its slider, beyond it or at one of its choices, the others at their defaults."""
    for knob in rule.knobs:
        if not knob.per_model:
            values = (0, count_for(rule)) if knob.name in PLACES else (*ends(knob.domain), *beyond(knob.domain))
            yield from ({knob.name: value} for value in values)


def ends(domain: Domain) -> tuple[Value, ...]:
    return domain.options if isinstance(domain, Choice) else (domain.low, domain.high)


def beyond(domain: Domain) -> tuple[Value, ...]:
    """Valid numbers on either side of the slider."""
    if isinstance(domain, Choice):
        return ()
    (least, most), whole = domain.bounds, type(domain.step)
    above = [whole(min(most, 3 * domain.high + 1))] if most > domain.high else []
    return (*above, *([whole(max(least, 3 * domain.low - 1))] if least < domain.low else []))


def count_for(rule: Rule) -> int:
    return rule.models or 3


def statistics_for(rule: Rule, models: Mapping[str, State]) -> Statistics:
    """Random non-negative statistics of each kind that the rule asks for, square ones positive definite.

    Kinds that tensors may lack take turns over the tensors that can have them: each has one kind at most, some have none.
    """
    marks = list(rule.wanting(Statistic).values())
    turns = [mark.kind for mark in marks if mark.partial]
    state = next(iter(models.values()))
    able = [key for key in state if any(mark.partial and mark.shape(tuple(state[key].shape)) for mark in marks)]
    turn = {key: [*turns, None][number % (len(turns) + 1)] for number, key in enumerate(able)}
    return {
        mark.kind: {
            name: _statistics(
                mark, {key: value for key, value in own.items() if not mark.partial or turn.get(key) == mark.kind}, seed
            )
            for seed, (name, own) in enumerate(models.items())
        }
        for mark in marks
    }


def _statistics(mark: Statistic, state: State, seed: int) -> State:
    shapes = {key: mark.shape(tuple(value.shape)) for key, value in state.items()}
    drawn = random_state(seed, shapes={key: shape for key, shape in shapes.items() if shape is not None})
    if mark.shape is same_shape:
        return {key: value.square() for key, value in drawn.items()}
    return {key: _positive(value.square()) for key, value in drawn.items()}


def _positive(values: Tensor) -> Tensor:
    """`values`; made positive definite, by operations that round alike on any number of threads, where they are square."""
    if values.ndim != 2:
        return values
    return values[0, :, None] * values[0] + torch.eye(len(values))
