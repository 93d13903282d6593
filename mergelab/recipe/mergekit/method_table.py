"""The equivalent of each mergekit method as a recipe: its method, its sparsifier and the places of its parameters.

Facts about mergekit 0.1.5, verified on its outputs. Import and export use the same table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import product
from typing import Any

from mergelab.methods import METHODS
from mergelab.methods.knobs import Value, check_knobs
from mergelab.methods.sparsifiers import SPARSIFIERS


class Role(Enum):
    """The role of `base_model`."""

    AROUND = "deltas are computed from it; it is not an expert"
    INPUT = "if given, it is one of the experts"
    FIRST = "it is the first of two experts"
    ABSENT = "it is not given"


@dataclass(frozen=True)
class Parameter:
    """A parameter of mergekit: its default (None: required) and whether each model may have its own value."""

    default: float | None
    per_model: bool = False


PARAMETERS = {
    "weight": Parameter(None, per_model=True),
    "density": Parameter(1.0, per_model=True),
    "epsilon": Parameter(0.15, per_model=True),
    "gamma": Parameter(0.01, per_model=True),
    "lambda": Parameter(1.0),
    "t": Parameter(None),
    "select_topk": Parameter(1.0),
    "max_iter": Parameter(10),
    "tol": Parameter(1e-5),
}
WEIGHT = "weight"
"""The place of a parameter that recipes list next to the expert."""


@dataclass(frozen=True)
class Reading:
    """A mergekit method with given switches. `numbers` maps each parameter to its place, such as `method.scale`.

    If `shares`, the weights are divided by their sum.
    """

    merge_method: str
    base: Role
    method: Mapping[str, Value]
    sparsify: Mapping[str, Value] | None = None
    numbers: Mapping[str, str] = field(default_factory=dict)
    switches: Mapping[str, bool] = field(default_factory=dict)
    shares: bool = False

    def words(self, owner: str) -> dict[str, Value]:
        """All knobs of stage `owner` (`method` or `sparsify`) that no parameter sets, with defaults written out."""
        step: Mapping[str, Value] | None = getattr(self, owner)
        if step is None:
            return {}
        rule = (METHODS if owner == "method" else SPARSIFIERS)[str(step["name"])]
        knobs = check_knobs(rule.name, rule.knobs, {name: value for name, value in step.items() if name != "name"})
        return {name: value for name, value in knobs.items() if f"{owner}.{name}" not in self.numbers.values()}

    def stages(self, numbers: Mapping[str, float]) -> dict[str, Any]:
        """The fields `method` and `sparsify` of a recipe with these parameters."""
        found: dict[str, Any] = {
            owner: {"name": step["name"], **self.words(owner)}
            for owner, step in (("sparsify", self.sparsify), ("method", self.method))
            if step
        }
        for name, value in numbers.items():
            owner, _, knob = self.numbers[name].partition(".")
            found[owner][knob] = value
        return found


TIES = {
    "name": "ties",
    "scope": "tensor",
    "elect": "mass",
    "weigh": "before",
    "zero_sign": "positive",
    "divide": "weights",
}
SUM, WEIGHTED = {"name": "task_arithmetic"}, {"name": "weighted_sum"}
NUMBERS = {"weight": WEIGHT, "lambda": "method.scale"}
RESCALED = {True: "l1", False: "none"}


def _elected(normalize: bool) -> dict[str, Value]:
    return {**TIES, "combine": "mean" if normalize else "sum"}


def _dropping(name: str, sparsifier: str, *knobs: str, elects: bool, rescales: bool = True) -> Iterator[Reading]:
    """A sparsifier with `knobs`, followed by a sign election or a plain sum, for all values of the switches."""
    numbers = NUMBERS | {knob: f"sparsify.{knob}" for knob in knobs}
    for normalize, rescale in product((False, True), (True, False) if rescales else (False,)):
        step = {"name": sparsifier, **({"rescale": RESCALED[rescale]} if rescales else {})}
        method = {**_elected(normalize), "density": 1.0} if elects else SUM
        switches = {"normalize": normalize, "rescale": rescale}
        yield Reading(name, Role.AROUND, method, step, numbers, switches, shares=normalize and not elects)


def _ties() -> Iterator[Reading]:
    for normalize in (True, False):
        numbers, switches = NUMBERS | {"density": "method.density"}, {"normalize": normalize, "rescale": False}
        yield Reading("ties", Role.AROUND, _elected(normalize), None, numbers, switches)
    for normalize in (True, False):
        trim = {"name": "trim", "scope": "tensor", "rescale": "l1"}
        numbers, switches = NUMBERS | {"density": "sparsify.density"}, {"normalize": normalize, "rescale": True}
        yield Reading("ties", Role.AROUND, {**_elected(normalize), "density": 1.0}, trim, numbers, switches)


def _turning() -> Iterator[Reading]:
    """Methods that interpolate weights without a base and deltas with one."""
    for of, base in (("weights", Role.ABSENT), ("deltas", Role.AROUND)):
        for flat, row_wise in product((True, False), (False, True)):
            along = "tensor" if flat else "columns" if row_wise else "rows"
            method = {"name": "nuslerp", "of": of, "along": along, "zero": "orthogonal"}
            switches = {"nuslerp_flatten": flat, "nuslerp_row_wise": row_wise}
            yield Reading("nuslerp", base, method, None, {"weight": WEIGHT}, switches)
        for normalize, word in ((True, "yes"), (False, "no")):
            method = {"name": "multislerp", "of": of, "normalize": word}
            if normalize or base is Role.AROUND:  # multislerp of weights is always normalised
                yield Reading("multislerp", base, method, None, {"weight": WEIGHT}, {"normalize_weights": normalize})


READINGS = (
    Reading("linear", Role.INPUT, {"name": "average"}, None, {"weight": WEIGHT}, {"normalize": True}),
    Reading("linear", Role.INPUT, WEIGHTED, None, {"weight": WEIGHT}, {"normalize": False}),
    Reading("linear", Role.INPUT, WEIGHTED, None, {"weight": WEIGHT}, {"normalize": True}, shares=True),
    Reading("slerp", Role.FIRST, {"name": "slerp"}, None, {"t": "method.t"}),
    *_turning(),
    Reading("karcher", Role.INPUT, {"name": "karcher"}, None, {"max_iter": "method.steps", "tol": "method.tolerance"}),
    Reading("task_arithmetic", Role.AROUND, SUM, None, NUMBERS, {"normalize": False}),
    Reading("task_arithmetic", Role.AROUND, SUM, None, NUMBERS, {"normalize": True}, shares=True),
    *_ties(),
    *_dropping("dare_ties", "dare", "density", elects=True),
    *_dropping("dare_linear", "dare", "density", elects=False),
    *_dropping("della", "della", "density", "epsilon", elects=True),
    *_dropping("della_linear", "della", "density", "epsilon", elects=False),
    *_dropping("breadcrumbs", "breadcrumbs", "density", "gamma", elects=False, rescales=False),
    *_dropping("breadcrumbs_ties", "breadcrumbs", "density", "gamma", elects=True, rescales=False),
    Reading("nearswap", Role.AROUND, {"name": "nearswap"}, None, {"t": "method.t"}),
    Reading("ram", Role.AROUND, {"name": "ram", "epsilon": 1e-5}),
    Reading("sce", Role.AROUND, {"name": "sce"}, None, {"select_topk": "method.density"}),
    Reading(
        "model_stock",
        Role.AROUND,
        {"name": "model_stock", "along": "tensor", "clamp": "no", "floor": 1e-6},
        switches={"filter_wise": False},
    ),
    Reading(
        "model_stock",
        Role.AROUND,
        {"name": "model_stock", "along": "rows", "clamp": "no", "floor": 1e-6},
        switches={"filter_wise": True},
    ),
)
"""If several readings describe the same recipe, the export uses the first."""

SWITCHES: Mapping[str, Mapping[str, bool]] = {
    "linear": {"normalize": True},
    "slerp": {},
    "karcher": {},
    "nearswap": {},
    "ram": {},
    "sce": {},
    "nuslerp": {"nuslerp_flatten": True, "nuslerp_row_wise": False},
    "multislerp": {"normalize_weights": True},
    "task_arithmetic": {"normalize": False},
    "ties": {"normalize": True, "rescale": False},
    "dare_ties": {"normalize": False, "rescale": True},
    "dare_linear": {"normalize": False, "rescale": True},
    "della": {"normalize": True, "rescale": True},
    "della_linear": {"normalize": False, "rescale": True},
    "breadcrumbs": {"normalize": False, "rescale": False},
    "breadcrumbs_ties": {"normalize": False, "rescale": False},
    "model_stock": {"filter_wise": False},
}
"""The boolean parameters of every supported method, with mergekit's defaults."""

IDLE: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(SWITCHES, ("int8_mask",)),
    "task_arithmetic": ("int8_mask", "density", "rescale"),
}
"""Parameters that mergekit accepts but that do not change the result."""

MEANS = {"linear": "normalize", "multislerp": "normalize_weights"}
"""The switch that has no effect if the weights sum to 1."""

FIXED: Mapping[str, Mapping[str, float]] = {"multislerp": {"eps": 1e-8}, "ram": {"epsilon": 1e-5}}
"""Parameters that are supported only at their default."""

ELSEWHERE = {
    "arcee_fusion": "its thresholds are quantiles of a random sample, and no paper defines them",
    "ramplus_tl": "ram is its form without the scaling of unshared changes",
}
"""mergekit methods that MergeLab does not have, and what keeps them out or comes near."""


def readings_of(merge_method: str) -> tuple[Reading, ...]:
    """All readings of one mergekit method, whatever its switches."""
    return tuple(reading for reading in READINGS if reading.merge_method == merge_method)


def stages_of(merge_method: str, **numbers: float) -> dict[str, Any]:
    """The fields `method` and `sparsify` of a recipe for a mergekit method with a base and default switches.

    `numbers` holds parameters of the whole merge by their mergekit names; the others get mergekit's defaults.
    """
    reading = next(
        r for r in readings_of(merge_method) if r.switches == SWITCHES[merge_method] and r.base is not Role.ABSENT
    )
    defaults = {name: PARAMETERS[name].default for name, place in reading.numbers.items() if place != WEIGHT}
    return reading.stages({name: value for name, value in (defaults | numbers).items() if value is not None})
