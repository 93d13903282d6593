"""State dicts small enough to check by eye, and every corner of a rule's knobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mergelab import merge_state_dicts
from mergelab.checkpoints import in_memory
from mergelab.engine import Plan, Statistics, plan
from mergelab.knobs import Choice, Domain, Value
from mergelab.methods.registry import Rule, Statistic
from mergelab.recipe import Recipe

torch.set_num_threads(1)

State = dict[str, Tensor]
SHAPES = {
    "scalar": (), "one": (1,), "seven": (7,), "matrix": (3, 5), "cube": (2, 3, 4), "column": (4, 1), "empty": (0,),
}  # fmt: skip
NAMES = ("a", "b", "c", "d", "e")


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
    """Knob settings with one knob at an end of its slider or at one of its choices, the others at their defaults."""
    for knob in rule.knobs:
        if not knob.per_model:
            yield from ({knob.name: value} for value in ends(knob.domain))


def ends(domain: Domain) -> tuple[Value, ...]:
    return domain.options if isinstance(domain, Choice) else (domain.low, domain.high)


def count_for(rule: Rule) -> int:
    return rule.models or 3


def statistics_for(rule: Rule, models: Mapping[str, State]) -> Statistics:
    """Random non-negative statistics of each kind that the rule asks for."""
    kinds = {mark.kind for mark in rule.wanting(Statistic).values()}
    return {
        kind: {
            name: {
                key: value.square()
                for key, value in random_state(number, shapes={k: tuple(v.shape) for k, v in state.items()}).items()
            }
            for number, (name, state) in enumerate(models.items())
        }
        for kind in kinds
    }
