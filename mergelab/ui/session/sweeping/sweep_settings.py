"""The settings of a recipe that a sweep can vary, with a few values of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mergelab.methods import METHODS
from mergelab.methods.knobs import Choice, Range
from mergelab.methods.registry import Rule
from mergelab.recipe import Recipe, RecipeError
from mergelab.recipe.diff import settings_of
from mergelab.sweeps.search_space import NONE, STAGES, suggested_span
from mergelab.ui.form.labels import EMPTY_AT_0
from mergelab.ui.form.method_list import method_entries, short_title
from mergelab.ui.form.setting_words import SettingWords
from mergelab.ui.messages import SweepSetting

STEPS = 4
"""Steps from the first to the last of the suggested values."""
SIMPLE = ("ties", "task_arithmetic", "average")
"""Methods that are suggested beside the recipe's own."""


@dataclass(frozen=True)
class _Knob:
    """A knob by its path, as the first rule that has it declares it."""

    domain: Choice | Range
    stage: str
    owners: list[str] = field(default_factory=list)


def sweep_settings(recipe: Recipe, words: SettingWords) -> list[SweepSetting]:
    """The method and the sparsifier, the knobs of all that fit the recipe's models, the experts' weights if the method has any,
    and the seed. Knobs of the recipe's own rules come before those of others."""
    values, own = settings_of(recipe), _own(recipe)
    rules = {"method": _fitting_methods(recipe), "sparsify": dict(STAGES["sparsify"])}
    told = {path: words.value(path, value) for path, value in values.items()}
    names = [_names(stage, rules[stage], own[stage], words) for stage in rules]
    knobs = [_knob(path, knob, told.get(path, ""), words) for path, knob in _knobs(rules, own).items()]
    weights = [_number(path, told[path], _written(*span), words) for path, span in _weights(recipe) if path in told]
    return [*names, *knobs, *weights, _number("seed", told.get("seed", "0"), "0:4:1", words)]


def _own(recipe: Recipe) -> dict[str, str]:
    return {"method": recipe.method.name, "sparsify": recipe.sparsify.name if recipe.sparsify else NONE}


def _fitting_methods(recipe: Recipe) -> dict[str, Rule]:
    """The methods that take the recipe's models as they are."""
    given = {name: value for name, value in recipe.to_mapping().items() if name != "overrides"}
    found = {}
    for entry in method_entries(METHODS.values()):
        try:
            Recipe.from_mapping({**given, "method": {"name": entry.name}})
        except RecipeError:
            if entry.name != recipe.method.name:
                continue
        found[entry.name] = METHODS[entry.name]
    return found


def _names(stage: str, rules: Mapping[str, Rule], own: str, words: SettingWords) -> SweepSetting:
    """The method or the sparsifier as a setting of its own."""
    options = {name: short_title(rule) for name, rule in rules.items()}
    options = {NONE: "none", **options} if stage == "sparsify" else options
    usual = SIMPLE if stage == "method" else (NONE, "dare")
    suggested = list(dict.fromkeys([own, *(name for name in usual if name in options)]))
    return SweepSetting(stage, words.label(stage), options.get(own, own), ", ".join(suggested), options, "", [], False)


def _knobs(rules: Mapping[str, Mapping[str, Rule]], own: Mapping[str, str]) -> dict[str, _Knob]:
    """The knobs of all rules by path; those of the recipe's own rules come first."""
    found: dict[str, _Knob] = {}
    for is_own in (True, False):
        for stage in ("sparsify", "method"):
            for name, rule in rules[stage].items():
                if (name == own[stage]) is is_own:
                    _collect(found, stage, name, rule)
    return found


def _collect(found: dict[str, _Knob], stage: str, name: str, rule: Rule) -> None:
    for knob in rule.knobs:
        if isinstance(knob.domain, Choice | Range) and not knob.per_model:
            found.setdefault(f"{stage}.{knob.name}", _Knob(knob.domain, stage)).owners.append(name)


def _knob(path: str, knob: _Knob, told: str, words: SettingWords) -> SweepSetting:
    domain = knob.domain
    if isinstance(domain, Choice):
        options = {str(option): words.value(path, option) for option in domain.options}
        return SweepSetting(path, words.label(path), told, ", ".join(options), options, knob.stage, knob.owners, False)
    suggested = _written(domain.low, domain.high, domain.step, path.partition(".")[2] in EMPTY_AT_0)
    return SweepSetting(path, words.label(path), told, suggested, {}, knob.stage, knob.owners, domain.varies)


def _weights(recipe: Recipe) -> Iterator[tuple[str, tuple[float, float, float]]]:
    for expert in recipe.models:
        path = f"weight of {expert.model}"
        if span := suggested_span(path, recipe.to_mapping()):
            yield path, (span.low, span.high, span.step)


def _number(path: str, told: str, suggested: str, words: SettingWords) -> SweepSetting:
    return SweepSetting(path, words.label(path), told, suggested, {}, "", [], False)


def _written(low: float, high: float, step: float, above_0: bool = False) -> str:
    """About `STEPS` steps over the slider, each a multiple of the slider's own; with `above_0`, over its part above 0."""
    is_cut = above_0 and low <= 0
    width = max(round((high - (0 if is_cut else low)) / STEPS / step), 1) * step
    return f"{width if is_cut else low:.6g}:{high:g}:{width:.6g}"
