"""The supported part of a mergekit config: its models, and the parameters at each level."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mergelab.methods.knobs import brief, nearest
from mergelab.recipe import MOST_PROBLEMS
from mergelab.recipe.mergekit.config_part import Part, Source
from mergelab.recipe.mergekit.model_reference import ModelReference, read_reference
from mergelab.recipe.mergekit.slices import with_layers
from mergelab.recipe.mergekit.tokenizer_keys import read_tokenizer_keys

KEYS = (
    "merge_method",
    "models",
    "slices",
    "base_model",
    "parameters",
    "dtype",
    "out_dtype",
    "tokenizer_source",
    "tokenizer",
    "chat_template",
)
PASSTHROUGH = "passthrough"
"""The method that copies layers; its slices need not go through all layers of a model."""
MODULES = "modules is not supported: MergeLab has no separate recipes for parts of a model; remove it"
OTHER_TOOLS = {
    "gate_mode": "this is a config of mergekit-moe, which builds a mixture of experts: MergeLab merges models into one of their shape",
    "experts": "this is a config of mergekit-moe, which builds a mixture of experts: MergeLab merges models into one of their shape",
    "genome": "this is a config of mergekit-evolve, which searches for one: import the best_config.yaml that it writes",
}
"""Keys that only configs of mergekit's other tools have."""
SOURCE, MODEL, SLICE = (
    ("model", "layer_range", "parameters"),
    ("model", "parameters"),
    ("sources", "base_model", "parameters"),
)


@dataclass(frozen=True)
class Config:
    """A config that merges whole models, in one part or slice by slice in the order of the layers."""

    merge_method: str
    parts: tuple[Part, ...]
    base_model: str | None
    under_adapters: str | None
    """Without a base_model, the model that all adapters of the config are added to."""
    parameters: Mapping[str, Any]
    dtype: object
    working: object
    """The number format in which mergekit computes; None for that of the models."""
    file_choices: Mapping[str, str]
    """The recipe's fields for the tokenizer."""

    def shared(self, part: Part) -> tuple[Mapping[str, Any], ...]:
        """The merge's parameters in a part by level, the most specific level first."""
        return part.parameters, self.parameters

    @property
    def models(self) -> tuple[str, ...]:
        """The models that are listed, by their names in a recipe."""
        return tuple(source.model for source in self.parts[0].sources) if self.parts else ()


def read_config(problems: list[str], given: Mapping[str, Any]) -> Config:
    """Read the supported parts of a config; everything else is appended to `problems`."""
    _refuse_unknown(problems, given, KEYS, "the config")
    parts = _parts(problems, given)
    base = _base(problems, given, parts)
    if base and any(part.layers and base not in [source.reference for source in part.sources] for part in parts):
        problems.append(
            f"base_model {brief(base.model)} is not a source of the slice: list it there with the same layers"
        )
    file_choices = read_tokenizer_keys(problems, given, base)
    under = _under_adapters(problems, base, [source.reference for part in parts for source in part.sources])
    return Config(
        str(given.get("merge_method")),
        parts,
        base.model if base else None,
        under,
        _parameters(problems, given, "the config"),
        _format(given.get("out_dtype")) or _format(given.get("dtype")) or "base",
        _format(given.get("dtype")),
        file_choices,
    )


def _refuse_unknown(problems: list[str], given: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for name in [name for name in given if name not in known][:MOST_PROBLEMS]:
        unknown = f"unknown key {brief(name)} of {where}{nearest(name, known)}"
        problems.append(MODULES if name == "modules" and known is KEYS else unknown)


def _parts(problems: list[str], given: Mapping[str, Any]) -> tuple[Part, ...]:
    if ("models" in given) == ("slices" in given):
        if "modules" not in given:
            problems.append("the config must have either models or slices")
        return ()
    if "models" in given:
        return (Part(_listed(problems, given["models"], "models", MODEL)),)
    slices = given["slices"]
    if isinstance(slices, str) or not isinstance(slices, Sequence) or not slices:
        problems.append(f"slices must list at least one {{sources: …}}, got {brief(slices)}")
        return ()
    names = ["the slice"] if len(slices) == 1 else [f"slice {number}" for number in range(1, len(slices) + 1)]
    parts = [_slice(problems, entry, name) for entry, name in zip(slices, names, strict=True)]
    if given.get("merge_method") == PASSTHROUGH:
        return tuple(parts)
    return with_layers(problems, parts) if all(part.sources for part in parts) else ()


def _slice(problems: list[str], given: object, name: str) -> Part:
    if not isinstance(given, Mapping):
        problems.append(f"{name} must be {{sources: …}}, got {brief(given)}")
        return Part(())
    _refuse_unknown(problems, given, SLICE, name)
    where = "sources" if name == "the slice" else f"sources of {name}"
    sources = _listed(problems, given.get("sources"), where, SOURCE)
    return Part(sources, _parameters(problems, given, name), given.get("base_model"))


def _listed(problems: list[str], given: object, name: str, keys: Sequence[str]) -> tuple[Source, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence) or not given:
        problems.append(f"{name} must list at least one {{model: NAME, parameters: …}}, got {brief(given)}")
        return ()
    sources = [_entry(problems, entry, f"entry {number} of {name}", keys) for number, entry in enumerate(given, 1)]
    return tuple(source for source in sources if source)


def _entry(problems: list[str], given: object, where: str, keys: Sequence[str]) -> Source | None:
    entry = {"model": given} if isinstance(given, str) else given
    if not isinstance(entry, Mapping):
        problems.append(f"{where} must be {{model: NAME, parameters: …}}, got {brief(entry)}")
        return None
    _refuse_unknown(problems, entry, keys, where)
    reference = _reference(problems, f"model in {where}", entry.get("model"))
    return Source(reference, _parameters(problems, entry, where), entry.get("layer_range")) if reference else None


def _base(problems: list[str], given: Mapping[str, Any], parts: Iterable[Part]) -> ModelReference | None:
    """The base of the config or of its slices, which may repeat but not change it."""
    said = [("base_model", given.get("base_model")), *(("base_model of a slice", part.base) for part in parts)]
    read = [_reference(problems, where, base) for where, base in said if base is not None]
    bases = list(dict.fromkeys(base for base in read if base))
    if len(bases) > 1:
        problems.append(
            f"the slices have different bases ({', '.join(base.model for base in bases)}): keep one base_model"
        )
    if bases and bases[0].adapter:
        problems.append(
            f"base_model adds the adapter {bases[0].adapter} to {bases[0].model}, but a base must be a whole model: "
            f"add the adapter first (a recipe with base {bases[0].model}, this adapter and method average does)"
        )
    return bases[0] if bases else None


def _reference(problems: list[str], where: str, given: object) -> ModelReference | None:
    try:
        return read_reference(where, given)
    except ValueError as error:
        problems.append(str(error))
        return None


def _under_adapters(
    problems: list[str], base: ModelReference | None, references: Iterable[ModelReference]
) -> str | None:
    """The model under the adapters, if there is no base; adapters on another model than the base are refused."""
    adapted = dict.fromkeys(reference for reference in references if reference.adapter)
    models = sorted({reference.model for reference in adapted})
    if base is None and len(models) > 1:
        problems.append(
            f"the adapters change different models ({', '.join(models)}), but a recipe has one base: "
            "add all adapters except those on one model to their models first, and list the results"
        )
    for reference in adapted:
        if base is not None and reference.model != base.model:
            problems.append(
                f"{reference.adapter} is an adapter on {reference.model}, but base_model is {base.model}, and MergeLab reads "
                f"adapters as changes of the base: add it to {reference.model} first (a recipe with base {reference.model}, "
                f"this adapter and method average does) and list the result"
            )
    return models[0] if base is None and len(models) == 1 else None


def _parameters(problems: list[str], given: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    parameters = given.get("parameters")
    if parameters is None or isinstance(parameters, Mapping):
        return parameters or {}
    problems.append(f"parameters of {where} must be a mapping, got {brief(parameters)}")
    return {}


def _format(given: object) -> object:
    """A number format without the prefix that mergekit also accepts."""
    return given.removeprefix("torch.") if isinstance(given, str) else given
