"""What differs between layers, tensors or experts, as parameters of a query and back.

A curve over all layers is short: `layers.density=0.1,0.9`, `layers.weight.mnist=1,0`. An expert's own value is
`own.density.mnist=0.3`. Whatever else overrides say is JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mergelab.recipe import Recipe
from mergelab.recipe.recipe import MATCH_NORMS
from mergelab.recipe.tensor_selection import TensorSelection
from mergelab.ui.form.varied_values import Spellings, by_widget, is_everywhere, read_entries
from mergelab.ui.messages import LayerEntry

CURVE, OWN, REST = "layers.", "own.", "overrides"
NORMS, DEPTH_SCALE = "match_norms", "depth_scale"
PLAIN = (REST, NORMS, DEPTH_SCALE, *TensorSelection.FIELDS)
Names = Mapping[str, str]
"""Experts by their names in a query."""


@dataclass(frozen=True)
class VariedFields:
    """The fields of a form that such parameters set."""

    layer_entries: tuple[LayerEntry, ...] = ()
    own_knobs: Mapping[str, Mapping[str, float]] | None = None
    match_norms: str = "none"
    depth_scale: tuple[float, ...] = ()
    selection: Mapping[str, tuple[str, ...]] | None = None

    def fields(self) -> dict[str, Any]:
        """By the form's field."""
        return {
            "layer_entries": self.layer_entries,
            "own_knobs": self.own_knobs or {},
            "match_norms": self.match_norms,
            "depth_scale": self.depth_scale,
            "selection": self.selection or {},
        }


def varied_query(recipe: Recipe, spellings: Spellings, names: Names) -> dict[str, str]:
    """The parameters for what differs in the recipe; `names` has its experts."""
    short = {reference: name for name, reference in names.items()}
    entries = [
        LayerEntry(one.match, by_widget(one.knobs, spellings), one.model, one.layers) for one in recipe.overrides
    ]
    curves: dict[str, str] = {}
    while entries and is_everywhere(entries[0]):
        ((widget, value),) = entries[0].values.items()
        key = CURVE + _key(spellings[widget], short.get(entries[0].model or ""))
        if key in curves:
            break
        curves[key] = _numbers(value if isinstance(value, tuple) else (value,))
        entries = entries[1:]
    own = {
        OWN + _key(spellings[widget], short[expert.model]): _number(value)
        for expert in recipe.models
        for widget, value in by_widget(expert.knobs, spellings).items()
    }
    chosen = {name: "\n".join(patterns) for name, patterns in recipe.selection.to_mapping().items()}
    return {
        **curves,
        **({REST: _as_json(entries, spellings, short)} if entries else {}),
        **own,
        **({NORMS: recipe.match_norms} if recipe.match_norms != "none" else {}),
        **({DEPTH_SCALE: _numbers(recipe.depth_scale)} if recipe.depth_scale else {}),
        **chosen,
    }


def read_varied(left: dict[str, str], notes: list[str], spellings: Spellings, names: Names) -> VariedFields:
    """Take such parameters out of `left`. What cannot be read is left out, with a sentence in `notes`; what the numbers may
    be is for the recipe to check."""
    return _Reading(left, notes, spellings, names).fields()


def known_parameters(spellings: Spellings, names: Names) -> list[str]:
    """The names of all such parameters. An own value always names its expert."""
    curves = [_key(spelling, name) for spelling in spellings.values() for name in (None, *names)]
    own = [_key(spelling, name) for spelling in spellings.values() for name in names]
    return [*PLAIN, *(CURVE + key for key in curves), *(OWN + key for key in own)]


@dataclass(frozen=True)
class _Reading:
    left: dict[str, str]
    notes: list[str]
    spellings: Spellings
    names: Names

    def fields(self) -> VariedFields:
        norms = self.left.pop(NORMS, "none")
        if norms not in MATCH_NORMS.options:
            self.notes.append(f"{NORMS} has no choice “{norms[:60]}”, so it is none here.")
            norms = "none"
        lines = {name: self.left.pop(name, "").splitlines() for name in TensorSelection.FIELDS}
        return VariedFields(
            (*self._curves(), *self._rest()),
            self._own(),
            norms,
            self._ramp(DEPTH_SCALE),
            {name: tuple(filter(None, patterns)) for name, patterns in lines.items() if any(patterns)},
        )

    def _curves(self) -> Iterator[LayerEntry]:
        places = {
            CURVE + _key(spelling, name): (widget, name)
            for widget, spelling in self.spellings.items()
            for name in (None, *self.names)
        }
        for key in [key for key in self.left if key in places]:  # in the query's order: of two, the later one counts
            (widget, name), values = places[key], self._ramp(key)
            if values:
                yield LayerEntry("", {widget: values if len(values) > 1 else values[0]}, self.names.get(name or ""))

    def _rest(self) -> tuple[LayerEntry, ...]:
        text, widgets = self.left.pop(REST, ""), {spelling: widget for widget, spelling in self.spellings.items()}
        if not text:
            return ()
        try:
            found = read_entries(text)
            return tuple(
                LayerEntry(
                    entry.match,
                    {widgets[knob]: value for knob, value in entry.values.items()},
                    self.names[entry.model] if entry.model else None,
                    entry.layers,
                )
                for entry in found
            )
        except (ValueError, KeyError):
            self.notes.append("The values for parts of the model in the link cannot be read, so they are left out.")
            return ()

    def _own(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {}
        for widget, spelling in self.spellings.items():
            for name, reference in self.names.items():
                for value in self._ramp(OWN + _key(spelling, name))[:1]:
                    found.setdefault(reference, {})[widget] = value
        return found

    def _ramp(self, key: str) -> tuple[float, ...]:
        text = self.left.pop(key, "")
        try:
            return tuple(float(part) for part in text.split(",")) if text else ()
        except ValueError:
            self.notes.append(f"{key} must be numbers with commas between them, and the link says “{text[:60]}”.")
            return ()


def _key(spelling: str, name: str | None) -> str:
    """`density` or `sparsify.density`, with the expert's name if there is one."""
    return ".".join([spelling.removeprefix("method."), *([name] if name else [])])


def _as_json(entries: list[LayerEntry], spellings: Spellings, short: Names) -> str:
    written = [
        {
            "match": entry.match,
            "values": {spellings[widget]: value for widget, value in entry.values.items()},
            **({"model": short[entry.model]} if entry.model else {}),
            **({"layers": entry.layers} if entry.layers else {}),
        }
        for entry in entries
    ]
    return json.dumps(written, separators=(",", ":"), ensure_ascii=False)


def _numbers(values: tuple[float, ...]) -> str:
    return ",".join(map(_number, values))


def _number(value: float) -> str:
    return str(value).removesuffix(".0")
