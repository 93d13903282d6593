"""The values of mergekit's parameters in a recipe, for all experts and for single ones."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

from mergelab.methods.knobs import Value
from mergelab.recipe import Expert, Recipe
from mergelab.recipe.mergekit.method_table import PARAMETERS, WEIGHT, Reading
from mergelab.recipe.mergekit.values import EVERYWHERE, LayerwiseValue, Override, grouped, plain
from mergelab.recipe.overrides import Override as Varying


@dataclass(frozen=True)
class ParameterValue:
    """One parameter by its mergekit name, and its place in the recipe.

    In mergekit, a model's own parameters take precedence over those of the merge; in a recipe, a later override takes
    precedence over an earlier one. If the two orders differ, everything that concerns an expert is written in its own
    parameters.
    """

    recipe: Recipe
    name: str
    place: str

    @property
    def shared(self) -> LayerwiseValue:
        """The value shared by all experts; for weights, empty unless overrides apply to all experts."""
        resolved = not PARAMETERS[self.name].per_model or any(map(self._open, self.recipe.models))
        overrides = self.overrides(None) if resolved else ()
        if self.place == WEIGHT:
            first = next((expert.weight for expert in self.recipe.models if self._open(expert)), None)
            return LayerwiseValue(first, overrides) if overrides and self._apart else LayerwiseValue()
        owner, _, knob = self.place.partition(".")
        return LayerwiseValue(_number(getattr(self.recipe, owner).knobs[knob]), overrides)

    def own(self, expert: Expert) -> LayerwiseValue:
        """The value of one expert, as far as it differs from `shared`."""
        value, overrides = self._value(expert), self.overrides(expert.model)
        if self._apart:
            return LayerwiseValue(None if self.overrides(None) else value, overrides)
        return (
            LayerwiseValue(value, self.overrides(expert.model, None))
            if value is not None or overrides
            else LayerwiseValue()
        )

    @property
    def numbers(self) -> set[float]:
        """Every number that a tensor may get; for ramps, their corner values."""
        experts = self.recipe.models
        words = [*self.overrides(None, *(expert.model for expert in experts)), ("", self.shared.value or 0.0)]
        values = [value if isinstance(value, tuple) else (value,) for _, value in words]
        own = [self._value(expert) for expert in experts]
        return {number for value in values for number in value} | {value for value in own if value is not None}

    @property
    def _apart(self) -> bool:
        """Whether overrides of single experts follow those of all experts, which hide no expert's own value."""
        single = [override.model is not None for override in self._speaking]
        values = {self._value(expert) for expert in self.recipe.models if self._open(expert)}
        alike = len(values) <= 1 if self.place == WEIGHT else values <= {None}
        return all(single) or (single == sorted(single) and alike)

    def _open(self, expert: Expert) -> bool:
        """Whether some tensors of the expert match none of its own overrides."""
        return all(match != EVERYWHERE for match, _ in self.overrides(expert.model))

    def _value(self, expert: Expert) -> float | None:
        """The expert's own value for tensors without an override."""
        if self.place == WEIGHT:
            return expert.weight
        return next((_number(expert.knobs[name]) for name in spellings(self.place) if name in expert.knobs), None)

    @property
    def _speaking(self) -> list[Varying]:
        names = spellings(self.place)
        return [override for override in self.recipe.overrides if any(name in override.knobs for name in names)]

    def overrides(self, *models: str | None) -> tuple[Override, ...]:
        """The overrides for the given experts (None: those for all experts), in the recipe's order."""
        names = spellings(self.place)
        return tuple(
            (override.match, value if isinstance(value, tuple) else _number(value))
            for override in self._speaking
            if override.model in models
            for name, value in override.knobs.items()
            if name in names
        )


def parameter_values(recipe: Recipe, reading: Reading, model: str | None) -> tuple[ParameterValue, ...]:
    """All parameters of a reading, in an order from which an import restores the overrides of `model` unchanged."""
    names = {spelling: name for name, place in reading.numbers.items() for spelling in spellings(place)}
    numbers = [ParameterValue(recipe, name, place) for name, place in reading.numbers.items()]
    written = [
        {"match": override.match, **{names[knob]: plain(value) for knob, value in override.knobs.items()}}
        for override in recipe.overrides
        if override.model == model
    ]
    for order in permutations(numbers):
        if grouped({number.name: number.overrides(model) for number in order}, None) == written:
            return order
    return tuple(numbers)


def spellings(place: str) -> tuple[str, str]:
    """The names of a place in a recipe; the one without the stage is used only if no other stage has the knob."""
    return place, place.rpartition(".")[2]


def _number(value: Value) -> float:
    if isinstance(value, str):
        raise TypeError(f"a mergekit parameter must be a number, not {value!r}")
    return value
