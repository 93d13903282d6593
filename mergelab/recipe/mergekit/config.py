"""The supported part of a mergekit config: its models, and the parameters at each level."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mergelab.methods.knobs import brief, nearest

KEYS = ("merge_method", "models", "slices", "base_model", "parameters", "dtype", "out_dtype")
REFUSED = {
    "modules": "MergeLab has no separate recipes for parts of a model",
    "tokenizer": "MergeLab keeps the base's tokenizer and does not merge models with other vocabularies",
    "tokenizer_source": "MergeLab keeps the base's tokenizer and does not merge models with other vocabularies",
    "chat_template": "MergeLab keeps the base's chat template",
}
"""Keys of mergekit that MergeLab does not support, and why."""


@dataclass(frozen=True)
class Source:
    """One model with its own parameters."""

    model: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Config:
    """A config that merges whole models. `shared` holds the merge's parameters by level, the most specific level first."""

    merge_method: str
    sources: tuple[Source, ...]
    base_model: str | None
    shared: tuple[Mapping[str, Any], ...]
    dtype: object
    working: object
    """The number format in which mergekit computes; None for that of the models."""
    layers: int | None = None
    """The number of layers in the slice, if the config has one."""


def read_config(problems: list[str], given: Mapping[str, Any]) -> Config:
    """Read the supported parts of a config; everything else is appended to `problems`."""
    _refuse_unknown(problems, given, KEYS, "the config")
    sources, layers, inside = _sources(problems, given)
    base = given.get("base_model", inside.get("base_model"))
    if inside and sources and base not in (None, *(source.model for source in sources)):
        problems.append(f"base_model {brief(base)} is not a source of the slice: list it there with the same layers")
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
    """The number of layers in a model folder's config.json, or None if it cannot be read."""
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
            problems.append(f"{name} is not supported: {REFUSED[name]}; remove it")
        elif name not in known:
            problems.append(f"unknown key {brief(name)} of {where}{nearest(name, known)}")


def _sources(problems: list[str], given: Mapping[str, Any]) -> tuple[tuple[Source, ...], int | None, Mapping[str, Any]]:
    """The models, the number of layers in the slice, and the slice itself."""
    if ("models" in given) == ("slices" in given):
        if "modules" not in given:
            problems.append("the config must have either models or slices")
        return (), None, {}
    if "models" in given:
        return _listed(problems, given["models"], "models", ("model", "parameters")), None, {}
    slices = given["slices"]
    if not isinstance(slices, Sequence) or len(slices) != 1 or not isinstance(slices[0], Mapping):
        problems.append("slices that stack layers into a new model are not supported: write one slice over all layers")
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
            f"{where} adds an adapter with +, which is not supported: list the adapter's folder as a model, got {given}"
        )
    return given


def _parameters(problems: list[str], given: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    parameters = given.get("parameters")
    if parameters is None or isinstance(parameters, Mapping):
        return parameters or {}
    problems.append(f"parameters of {where} must be a mapping, got {brief(parameters)}")
    return {}


def _layers(problems: list[str], sources: object) -> int | None:
    """The end of the slice, if every source has the same layer_range starting at the first layer."""
    entries = [entry for entry in sources if isinstance(entry, Mapping)] if isinstance(sources, Sequence) else []
    ranges = {str(entry.get("model")): entry.get("layer_range") for entry in entries}
    ends = {_end(given) for given in ranges.values()}
    end = next(iter(ends), None)
    if len(ends) != 1 or end is None:
        rule = "write one layer_range [0, number of layers] for all sources of the slice"
        problems.append(f"only slices over all layers of every model are supported: {rule}, got {brief(ranges)}")
        return None
    for model, count in ((model, layers_of(model)) for model in ranges):
        if count not in (None, end):
            problems.append(
                f"only slices over all layers of every model are supported: {model} has {count}, the slice ends at {end}"
            )
    return end


def _end(given: object) -> int | None:
    """The end of a range that starts at the first layer, or None for any other range."""
    if not isinstance(given, Sequence) or len(given) != 2 or given[0] != 0:
        return None
    return int(given[1]) if isinstance(given[1], int) else None
