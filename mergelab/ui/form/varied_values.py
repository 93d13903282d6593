"""Knob values that differ between layers, tensors or experts, as the form keeps them and as recipes spell them.

The form names knobs by their widgets, so that values of a rule that is not chosen wait until it is chosen again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from mergelab.recipe import Recipe
from mergelab.recipe.overrides import Override
from mergelab.ui.messages import LayerEntry, decode, encode

Spellings = Mapping[str, str]
"""How a recipe spells each knob of the chosen rules, by the knob's widget."""
WEIGHT = "weight"
"""Stands for the experts' weights, which have a widget for each expert."""
OwnKnobs = Mapping[str, Mapping[str, float]]
"""By expert: values of its own, by the knob's widget."""


def read_entries(text: str) -> tuple[LayerEntry, ...]:
    """The entries in the text that the page reports; the recipe checks what they say."""
    return tuple(decode(list[LayerEntry], json.loads(text or "[]")))


def read_own_values(text: str) -> OwnKnobs:
    """The same for the experts' own values."""
    return decode(dict[str, dict[str, float]], json.loads(text or "{}"))


def read_ramp(text: str) -> tuple[float, ...]:
    """The same for a list of numbers."""
    return tuple(decode(list[float], json.loads(text or "[]")))


def told(values: object) -> str:
    """The text in which entries, own values and numbers are kept beside what the widgets hold."""
    return encode(values)


def overrides_of(
    entries: Collection[LayerEntry], spellings: Spellings, chosen: Collection[str]
) -> list[dict[str, Any]]:
    """The recipe's overrides: the values of these knobs, for all experts or chosen ones."""
    found = []
    for entry in entries:
        knobs = {spellings[widget]: value for widget, value in entry.values.items() if widget in spellings}
        if knobs and (entry.model is None or entry.model in chosen):
            layers = {"layers": list(entry.layers)} if entry.layers else {}
            found.append({"match": entry.match, **layers, **({"model": entry.model} if entry.model else {}), **knobs})
    return found


def entries_of(recipe: Recipe, spellings: Spellings) -> tuple[LayerEntry, ...]:
    """The entries that say what the recipe's overrides say."""
    return tuple(_entry(override, spellings) for override in recipe.overrides)


def own_values_of(recipe: Recipe, spellings: Spellings) -> OwnKnobs:
    """The values of their own that the recipe gives its experts."""
    return {expert.model: by_widget(expert.knobs, spellings) for expert in recipe.models if expert.knobs}


def by_widget(knobs: Mapping[str, Any], spellings: Spellings) -> dict[str, Any]:
    """Knobs by their widgets instead of a recipe's spelling, which leaves out the step where only one has such a knob."""
    widgets = {spelling: widget for widget, spelling in spellings.items()}
    plain = {spelling.rpartition(".")[2]: widget for spelling, widget in widgets.items()}
    return {widgets.get(name) or plain[name]: value for name, value in knobs.items()}


def kept_for_later(entries: Collection[LayerEntry], spellings: Spellings) -> Iterator[LayerEntry]:
    """What the entries say about knobs of rules that are not chosen."""
    for entry in entries:
        values = {
            widget: value for widget, value in entry.values.items() if widget not in spellings and widget != WEIGHT
        }
        if values:
            yield LayerEntry(entry.match, values, entry.model, entry.layers)


def own_kept_for_later(own: OwnKnobs, spellings: Spellings) -> OwnKnobs:
    """What the experts' own values say about knobs of rules that are not chosen."""
    kept = {
        model: {widget: value for widget, value in values.items() if widget not in spellings}
        for model, values in own.items()
    }
    return {model: values for model, values in kept.items() if values}


def is_everywhere(entry: LayerEntry) -> bool:
    """Whether the entry is about all tensors, as a curve over the layers is."""
    return entry.match == "" and entry.layers is None and len(entry.values) == 1


def _entry(override: Override, spellings: Spellings) -> LayerEntry:
    return LayerEntry(override.match, by_widget(override.knobs, spellings), override.model, override.layers)
