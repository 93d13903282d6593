"""The settings of a recipe that a sweep can vary, with a few values of each."""

from __future__ import annotations

from collections.abc import Iterator

from mergelab.methods import METHODS
from mergelab.methods.knobs import Choice, Range
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe import Recipe
from mergelab.recipe.diff import settings_of
from mergelab.sweeps.search_space import suggested_span
from mergelab.ui.form.setting_words import SettingWords
from mergelab.ui.messages import SweepSetting

STEPS = 4
"""Steps from the first to the last of the suggested values."""


def sweep_settings(recipe: Recipe, words: SettingWords) -> list[SweepSetting]:
    """The knobs of the method and the sparsifier, the experts' weights if the method has any, and the seed."""
    values = settings_of(recipe)
    return [
        SweepSetting(path, words.label(path), words.value(path, values[path]), suggested)
        for path, suggested in _suggestions(recipe)
        if path in values
    ]


def _suggestions(recipe: Recipe) -> Iterator[tuple[str, str]]:
    sparsifier = [SPARSIFIERS[recipe.sparsify.name]] if recipe.sparsify else []
    for stage, rules in (("sparsify", sparsifier), ("method", [METHODS[recipe.method.name]])):
        for knob in [knob for rule in rules for knob in rule.knobs]:
            domain = knob.domain
            if isinstance(domain, Choice):
                yield f"{stage}.{knob.name}", ", ".join(domain.options)
            elif isinstance(domain, Range):
                yield f"{stage}.{knob.name}", _span(domain.low, domain.high, domain.step)
    for expert in recipe.models:
        path = f"weight of {expert.model}"
        if span := suggested_span(path, recipe.to_mapping()):
            yield path, _span(span.low, span.high, span.step)
    yield "seed", "0:4:1"


def _span(low: float, high: float, step: float) -> str:
    """About `STEPS` steps over the slider, each a multiple of the slider's own."""
    width = max(round((high - low) / STEPS / step), 1) * step
    return f"{low:g}:{high:g}:{width:.6g}"
