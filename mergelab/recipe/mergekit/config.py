"""A mergekit config as far as it can be read here: its models, and who speaks of which parameter."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mergelab.methods.knobs import brief, nearest

KEYS = ("merge_method", "models", "slices", "base_model", "parameters", "dtype", "out_dtype")
REFUSED = {
    "modules": "parts of a model with recipes of their own are not merged here",
    "tokenizer": "the tokenizer is the base's; models with other vocabularies are not merged",
    "tokenizer_source": "the tokenizer is the base's; models with other vocabularies are not merged",
    "chat_template": "the chat template is the base's",
}
"""Keys of mergekit's that do not exist here, and why."""


@dataclass(frozen=True)
class Source:
    """One model with the parameters that are written beside it."""

    model: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Config:
    """A config over whole models. `shared` holds the parameters of the merge, the most particular level first."""

    merge_method: str
    sources: tuple[Source, ...]
    base_model: str | None
    shared: tuple[Mapping[str, Any], ...]
    dtype: object
    working: object
    """The number format in which mergekit computes; None for the models' own."""
    layers: int | None = None
    """The number of layers that slices speak of."""


def read_config(problems: list[str], given: Mapping[str, Any]) -> Config:
    """The parts that can be read; what cannot be is added to `problems`."""
    _refuse_unknown(problems, given, KEYS, "the config")
    sources, layers, inside = _sources(problems, given)
    base = given.get("base_model", inside.get("base_model"))
    if inside and sources and base not in (None, *(source.model for source in sources)):
        problems.append(f"base_model {brief(base)} is no source of the slice: list it there with the same layers")
    shared = [_parameters(problems, level, where) for level, where in ((inside, "the slice"), (given, "the config"))]
    return Config(
        str(given.get("merge_method")),
        sources,
        _model(problems, base, "base_model") if base is not None else None,
        tuple(shared),
        given.get("out_dtype") or given.get("dtype") or "base",
        given.get("dtype"),
        layers,
    )


def layers_of(model: str) -> int | None:
    """How many layers a model folder's config.json speaks of, None where there is none to read."""
    path = Path(model) / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    text = config.get("text_config") if isinstance(config, dict) else None
    found = (text if isinstance(text, dict) else config).get("num_hidden_layers")
    return found if isinstance(found, int) else None


def _refuse_unknown(problems: list[str], given: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for name in given:
        if name in REFUSED and "merge_method" in known:
            problems.append(f"{name} is not read: {REFUSED[name]}; leave it out")
        elif name not in known:
            problems.append(f"unknown key {brief(name)} of {where}{nearest(name, known)}")


def _sources(problems: list[str], given: Mapping[str, Any]) -> tuple[tuple[Source, ...], int | None, Mapping[str, Any]]:
    """The models, the layers that a slice speaks of, and that slice."""
    if ("models" in given) == ("slices" in given):
        if "modules" not in given:
            problems.append("the config must have either models or slices")
        return (), None, {}
    if "models" in given:
        return _listed(problems, given["models"], "models", ("model", "parameters")), None, {}
    slices = given["slices"]
    if not isinstance(slices, Sequence) or len(slices) != 1 or not isinstance(slices[0], Mapping):
        problems.append(
            "slices that stack layers into another model are not merged here: only one slice over all layers is read"
        )
        return (), None, {}
    _refuse_unknown(problems, slices[0], ("sources", "base_model", "parameters"), "the slice")
    sources = _listed(problems, slices[0].get("sources"), "sources", ("model", "layer_range", "parameters"))
    return sources, _layers(problems, slices[0].get("sources")), slices[0]


def _listed(problems: list[str], given: object, name: str, keys: Sequence[str]) -> tuple[Source, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence) or not given:
        problems.append(f"{name} must list at least one {{model: NAME, parameters: …}}, got {brief(given)}")
        return ()
    sources = []
    for number, entry in enumerate(given, 1):
        where = f"entry {number} of {name}"
        entry = {"model": entry} if isinstance(entry, str) else entry
        if not isinstance(entry, Mapping):
            problems.append(f"{where} must be {{model: NAME, parameters: …}}, got {brief(entry)}")
            continue
        _refuse_unknown(problems, entry, keys, where)
        model = _model(problems, entry.get("model"), f"model in {where}")
        if model:
            sources.append(Source(model, _parameters(problems, entry, where)))
    return tuple(sources)


def _model(problems: list[str], given: object, where: str) -> str | None:
    if not isinstance(given, str) or not given.strip():
        problems.append(f"{where} must be a folder or owner/name@revision, got {brief(given)}")
        return None
    if "+" in given:
        problems.append(
            f"{where} adds an adapter with +, which is not read: list the adapter's folder as a model, got {given}"
        )
    return given


def _parameters(problems: list[str], given: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    parameters = given.get("parameters")
    if parameters is None or isinstance(parameters, Mapping):
        return parameters or {}
    problems.append(f"parameters of {where} must be a mapping, got {brief(parameters)}")
    return {}


def _layers(problems: list[str], sources: object) -> int | None:
    """The end of the layers, if every source takes the same from the first on."""
    entries = [entry for entry in sources if isinstance(entry, Mapping)] if isinstance(sources, Sequence) else []
    ranges = {str(entry.get("model")): entry.get("layer_range") for entry in entries}
    ends = {_end(given) for given in ranges.values()}
    end = next(iter(ends), None)
    if len(ends) != 1 or end is None:
        told = "one layer_range [0, number of layers] for all sources of the slice"
        problems.append(f"only all layers of every model are merged here: write {told}, got {brief(ranges)}")
        return None
    for model, count in ((model, layers_of(model)) for model in ranges):
        if count not in (None, end):
            problems.append(
                f"only all layers of every model are merged here: {model} has {count}, the slice ends at {end}"
            )
    return end


def _end(given: object) -> int | None:
    """The end of a range from the first layer on."""
    if not isinstance(given, Sequence) or len(given) != 2 or given[0] != 0:
        return None
    return int(given[1]) if isinstance(given[1], int) else None
