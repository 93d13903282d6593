"""The recipes among which a sweep chooses: a recipe, and the settings that vary."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mergelab.methods import METHODS
from mergelab.methods.knobs import Choice, Range, Value, brief, nearest
from mergelab.methods.registry import Rule
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe import Recipe, RecipeError
from mergelab.recipe.recipe import SEED
from mergelab.sweeps.dimension import Dimension, Listed, Span, Trial, read_dimension
from mergelab.sweeps.sweep_error import SweepError

STAGES: Mapping[str, Mapping[str, Rule]] = {"method": METHODS, "sparsify": SPARSIFIERS}
FIELDS = ("seed", "match_norms", "dtype")
"""Further fields of a recipe that may vary."""
OF = " of "
ENDS = ("first", "last")
"""The ends of a ramp over the layers."""
NONE = "none"
"""The name of no sparsifier."""

Settings = Mapping[str, Value]


@dataclass(frozen=True)
class SearchSpace:
    """The mapping of a recipe, and the dimensions by which recipes differ from it.

    Paths of settings are those of `mergelab.recipe.diff`: `method`, `method.density`, `sparsify.density`, `weight of MODEL`,
    `seed`. `method.scale first` and `method.scale last` are the ends of a ramp over the layers. A knob's dimension counts only where the
    chosen method or sparsifier has the knob.
    """

    recipe: Mapping[str, Any]
    dimensions: tuple[Dimension, ...]

    @classmethod
    def read(cls, recipe: Mapping[str, Any], over: Mapping[str, Any]) -> SearchSpace:
        """The space of a sweep's file. Raises `SweepError` with every problem, one in each line."""
        if not over:
            raise SweepError("a sweep needs at least one setting to vary, such as over: {method.density: suggested}")
        names = _names(recipe, over)
        problems, found = list[str](), list[Dimension]()
        for path, given in over.items():
            try:
                found += _dimensions(str(path), given, recipe, names)
            except SweepError as error:
                problems.append(str(error))
        if problems:
            raise SweepError("\n".join(problems))
        found.sort(key=lambda dimension: dimension.path not in STAGES)  # names first: they say which knobs there are
        space = cls(recipe, tuple(found))
        space._check_ends()
        return space

    @property
    def rules(self) -> list[Rule]:
        """The methods and sparsifiers that its recipes may have."""
        listed = {each.path: list(each.values) for each in self.dimensions if isinstance(each, Listed)}
        names = _names(self.recipe, listed)
        return [STAGES[stage][name] for stage in STAGES for name in names[stage] if name in STAGES[stage]]

    def suggest(self, trial: Trial) -> dict[str, Value]:
        """The settings of a trial: those that count together."""
        found: dict[str, Value] = {}
        for dimension in self.dimensions:
            if self._counts(dimension.path, found):
                found[dimension.path] = dimension.suggest(trial)
        return found

    def recipe_at(self, settings: Settings) -> Recipe:
        """The recipe with these settings. Raises `RecipeError` where they contradict each other."""
        changed: dict[str, Any] = copy.deepcopy(dict(self.recipe))
        for path, value in settings.items():
            _set(changed, path, value)
        _add_ramps(changed, settings)
        return Recipe.from_mapping(changed)

    def _counts(self, path: str, chosen: Settings) -> bool:
        stage, knob = _stage_of(path)
        if not knob:
            return True
        name = chosen.get(stage, _name(self.recipe.get(stage)))
        return name in STAGES[stage] and knob in {each.name for each in STAGES[stage][str(name)].knobs}

    def _check_ends(self) -> None:
        """Try the first and the last value of every dimension, so that a sweep does not fail in its middle."""
        for dimension in self.dimensions:
            for value in dimension.values if isinstance(dimension, Listed) else (dimension.low, dimension.high):
                settings = self._alone(dimension.path, value)
                try:
                    self.recipe_at(settings)
                except RecipeError as error:
                    raise SweepError(f"{dimension.path} = {value}: {error}") from error

    def _alone(self, path: str, value: Value) -> dict[str, Value]:
        """The value with the first method or sparsifier that has it, and with the other end of its ramp."""
        stage, knob = _stage_of(path)
        found: dict[str, Value] = {}
        for names in self.dimensions:
            if knob and names.path == stage and isinstance(names, Listed):
                found = {stage: next(name for name in names.values if self._counts(path, {stage: name}))}
        ramp, _, end = path.rpartition(" ")
        return found | {path: value} | ({f"{ramp} {other}": value for other in ENDS} if end in ENDS else {})


def _names(recipe: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, list[str]]:
    """The methods and sparsifiers that may be chosen, by stage."""
    found = {}
    for stage in STAGES:
        listed = over.get(stage)
        found[stage] = [str(name) for name in listed] if isinstance(listed, list) else [_name(recipe.get(stage))]
    return found


def _name(step: Any) -> str:
    name = step.get("name") if isinstance(step, Mapping) else step
    return str(name) if name else NONE


def _stage_of(path: str) -> tuple[str, str]:
    """The stage and the knob of a path such as `method.scale first`; no knob for other settings."""
    stage, point, knob = path.partition(".")
    if stage not in STAGES or not point or OF in path:
        return path, ""
    return stage, knob.removesuffix(" first").removesuffix(" last")


def _dimensions(
    path: str, given: object, recipe: Mapping[str, Any], names: Mapping[str, Sequence[str]]
) -> list[Dimension]:
    """The dimension of a setting, or the two of a ramp."""
    if isinstance(given, Mapping) and set(given) == set(ENDS):
        return [each for end in ENDS for each in _dimensions(f"{path} {end}", given[end], recipe, names)]
    return [read_dimension(path, given, _suggested(path, recipe, names))]


def suggested_span(path: str, recipe: Mapping[str, Any]) -> Span | None:
    """The slider's range of a recipe's setting, None for a setting without one. Raises `SweepError` for an unknown path."""
    return _suggested(path, recipe, _names(recipe, {}))


def _suggested(path: str, recipe: Mapping[str, Any], names: Mapping[str, Sequence[str]]) -> Span | None:
    """The slider's range of a setting. Raises `SweepError` for an unknown path."""
    stage, knob = _stage_of(path)
    if knob:
        return _span_of(path, knob, stage, names[stage])
    if OF in path:
        return _span_of_expert(path, recipe, names)
    if path not in (*STAGES, *FIELDS):
        known = (*STAGES, *FIELDS, "method.KNOB", "sparsify.KNOB", "weight of MODEL")
        raise SweepError(f"a recipe has no setting {brief(path)} that a sweep can vary{nearest(path, known)}")
    return Span(path, int(SEED.low), 9, 1) if path == "seed" else None


def _span_of(path: str, knob: str, stage: str, names: Sequence[str]) -> Span | None:
    """The range of a knob of the first method or sparsifier that has it."""
    rules = [STAGES[stage][name] for name in names if name in STAGES[stage]]
    known = {each.name: each.domain for rule in reversed(rules) for each in rule.knobs}
    if not rules:
        raise SweepError(f"{path}: the recipe has no {stage} step; give it one, or let {stage} vary")
    if knob not in known:
        told = ", ".join(names)
        raise SweepError(f"{path}: {told} has no knob {brief(knob)}{nearest(knob, known)}")
    domain = known[knob]
    if isinstance(domain, Choice):
        return None
    return _span(path, domain)


def _span_of_expert(path: str, recipe: Mapping[str, Any], names: Mapping[str, Sequence[str]]) -> Span | None:
    knob, _, model = path.partition(OF)
    experts = [each["model"] if isinstance(each, Mapping) else each for each in recipe.get("models", ())]
    if model not in experts:
        raise SweepError(f"{path}: the recipe has no expert {brief(model)}{nearest(model, map(str, experts))}")
    if knob == "weight":
        return Span(path, 0.0, 2.0, 0.05)
    stage, _, name = knob.rpartition(".")
    return _span_of(path, name, stage or "method", names[stage or "method"])


def _span(path: str, domain: Range) -> Span:
    return Span(path, domain.low, domain.high, domain.step)


def _set(recipe: dict[str, Any], path: str, value: Value) -> None:
    """Put a value in its place; the knobs of another method go with it."""
    stage, knob = _stage_of(path)
    if path.rpartition(" ")[2] in ENDS and knob:
        return
    if knob:
        given = recipe.get(stage)
        recipe[stage] = {**(given if isinstance(given, Mapping) else {"name": given}), knob: value}
    elif OF in path:
        name, _, model = path.partition(OF)
        recipe["models"] = [_with(each, name, value) if _model(each) == model else each for each in recipe["models"]]
    elif path in STAGES:
        if value == NONE:
            recipe.pop(path, None)
        elif _name(recipe.get(path)) != value:
            recipe[path] = {"name": value}
    else:
        recipe[path] = value


def _model(expert: Any) -> Any:
    return expert["model"] if isinstance(expert, Mapping) else expert


def _with(expert: Any, name: str, value: Value) -> dict[str, Any]:
    return {**(expert if isinstance(expert, Mapping) else {"model": expert}), name: value}


def _add_ramps(recipe: dict[str, Any], settings: Settings) -> None:
    """Write the ends of ramps as overrides of all tensors, behind those that are there."""
    for path, value in settings.items():
        ramp, _, end = path.rpartition(" ")
        if end == ENDS[0] and _stage_of(path)[1]:
            numbers = [value, settings[f"{ramp} {ENDS[1]}"]]
            recipe["overrides"] = [*recipe.get("overrides", ()), {"match": "", _spelled(ramp, recipe): numbers}]


def _spelled(path: str, recipe: Mapping[str, Any]) -> str:
    """A knob as overrides name it: with its stage if both stages have it."""
    stage, _, knob = path.partition(".")
    (other,) = (each for each in STAGES if each != stage)
    rule = STAGES[other].get(_name(recipe.get(other)))
    return path if rule and knob in {each.name for each in rule.knobs} else knob
