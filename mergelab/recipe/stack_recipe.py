"""The stack recipe: a complete, validated description of a model that is assembled from layers of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from mergelab.methods.knobs import ANY, Range, brief, nearest
from mergelab.recipe.name_pattern import name_pattern
from mergelab.recipe.recipe import DTYPE, MOST_PROBLEMS, STACK, Recipe, RecipeError, is_stack, method_name
from mergelab.recipe.written_recipe import WrittenRecipe

FACTOR = Range(0.0, 2.0, 0.05, "Multiplies the tensors of a slice whose names match", valid=ANY)
_NO_DELTAS = "a stack copies layers and subtracts no base, so there are no deltas"
_FROM_BASE = "a stack takes it from the base: make the model that has it the base"
NOT_HERE: Mapping[str, str] = {
    "models": "a stack lists its models in slices, as {model: NAME, layers: [first, end]}",
    "sparsify": _NO_DELTAS,
    "match_norms": _NO_DELTAS,
    "depth_scale": _NO_DELTAS,
    "overrides": "a stack has no knobs: write `scale: [{match: REGEX, factor: NUMBER}]` in a slice to multiply its tensors",
    "seed": "nothing in a stack is random",
    "tokenizer": _FROM_BASE,
    "chat_template": _FROM_BASE,
    "generation_config": _FROM_BASE,
}
"""Fields of other recipes that a stack lacks, with the reason."""


@dataclass(frozen=True)
class Scale:
    """A factor for the tensors of a slice whose names contain a match of a regular expression."""

    match: str
    factor: float

    def to_mapping(self) -> dict[str, Any]:
        """The factor as written in a recipe file."""
        return {"match": self.match, "factor": self.factor}


@dataclass(frozen=True)
class Slice:
    """The layers from `layers[0]` up to, but not including, `layers[1]` of a model."""

    model: str
    layers: tuple[int, int]
    scale: tuple[Scale, ...] = ()

    FIELDS = ("model", "layers", "scale")

    @property
    def count(self) -> int:
        """The number of layers."""
        return self.layers[1] - self.layers[0]

    def factor(self, key: str) -> float:
        """The factor for the tensor with the file key `key` in its own model: the last match, or else 1."""
        return [1.0, *(scale.factor for scale in self.scale if name_pattern(scale.match)(key))][-1]

    def to_mapping(self) -> dict[str, Any]:
        """The slice as written in a recipe file."""
        scale = {"scale": [entry.to_mapping() for entry in self.scale]} if self.scale else {}
        return {"model": self.model, "layers": list(self.layers), **scale}


@dataclass(frozen=True)
class StackRecipe(WrittenRecipe):
    """One stack. `base` gives the config, the tokenizer and all tensors outside of the layers.

    `embeddings` may name another model of the recipe for the token and position embeddings, `head` one for the final norm
    and the output head; "" means the base.
    """

    base: str
    slices: tuple[Slice, ...]
    embeddings: str = ""
    head: str = ""
    dtype: str = "base"

    FIELDS = ("base", "method", "slices", "embeddings", "head", "dtype")

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> StackRecipe:
        """Check a recipe's mapping and fill in defaults. Raises RecipeError with every problem, one sentence each."""
        slices = given.get("slices")
        listed = not isinstance(slices, str) and isinstance(slices, Sequence) and len(slices) > 0
        entries = list(enumerate(slices, 1)) if listed else []  # type: ignore[arg-type]
        problems = [*_field_problems(given), *chain(*(_slice_problems(*entry) for entry in entries))]
        if not listed:
            problems.append(f"slices must list at least one {{model: NAME, layers: [first, end]}}, got {brief(slices)}")
        if problems:
            raise RecipeError.of(problems)
        read = tuple(_slice(entry) for entry in slices)  # type: ignore[union-attr]
        same = (None, "base", given["base"])
        ends = {name: "" if given.get(name) in same else given[name] for name in ("embeddings", "head")}
        return cls(given["base"], read, **ends, dtype=given.get("dtype", "base"))

    @property
    def models(self) -> tuple[str, ...]:
        """The names of all models, the base's first, each once."""
        named = (self.base, *(each.model for each in self.slices), self.embeddings, self.head)
        return tuple(dict.fromkeys(name for name in named if name))

    @property
    def depth(self) -> int:
        """The number of layers of the stack."""
        return sum(each.count for each in self.slices)

    def to_mapping(self) -> dict[str, Any]:
        """The recipe as plain data."""
        return {
            "base": self.base,
            "method": {"name": STACK},
            "slices": [each.to_mapping() for each in self.slices],
            **({"embeddings": self.embeddings} if self.embeddings else {}),
            **({"head": self.head} if self.head else {}),
            "dtype": self.dtype,
        }


def read_any_recipe(given: Mapping[str, Any]) -> Recipe | StackRecipe:
    """The recipe of a mapping: a stack if it has slices or the method stack, else a merge. Raises RecipeError."""
    return StackRecipe.from_mapping(given) if is_stack(given) else Recipe.from_mapping(given)


def _field_problems(given: Mapping[str, Any]) -> list[str]:
    method = given.get("method")
    known = StackRecipe.FIELDS
    problems = [
        f"{name} is no field of a stack: {NOT_HERE[name]}"
        if name in NOT_HERE
        else f"unknown field {brief(name)} of the recipe{nearest(name, known)}"
        for name in [name for name in given if name not in known][:MOST_PROBLEMS]
    ]
    if method_name(method) != STACK:
        problems.append(f"slices stack layers, so method must be stack, got {brief(method)}")
    elif isinstance(method, Mapping) and len(method) > 1:
        problems.append(f"stack has no knobs, got {brief([name for name in method if name != 'name'])}")
    if not _is_name(given.get("base")):
        problems.append(
            f"base must name the model that config, tokenizer and embeddings come from, got {brief(given.get('base'))}"
        )
    for name in ("embeddings", "head"):
        if given.get(name) is not None and not _is_name(given[name]):
            problems.append(f"{name} must name a model, got {brief(given[name])}")
    return [*problems, *_complaint(DTYPE.check, "dtype", given.get("dtype", "base"))]


def _slice_problems(number: int, given: object) -> list[str]:
    where = f"entry {number} of slices"
    if not isinstance(given, Mapping) or not _is_name(given.get("model")):
        return [f"{where} must be {{model: NAME, layers: [first, end]}}, got {brief(given)}"]
    problems = [
        f"unknown field {brief(name)} of {where}{nearest(name, Slice.FIELDS)}"
        for name in [name for name in given if name not in Slice.FIELDS][:MOST_PROBLEMS]
    ]
    if not _is_range(given.get("layers")):
        problems.append(
            f"layers in {where} must be [first, end] with 0 <= first < end, got {brief(given.get('layers'))}"
        )
    return [*problems, *_scale_problems(where, given.get("scale"))]


def _scale_problems(where: str, given: object) -> list[str]:
    given = () if given is None else given
    if isinstance(given, str) or not isinstance(given, Sequence):
        return [f"scale in {where} must be a list of {{match: REGEX, factor: NUMBER}}, got {brief(given)}"]
    problems = []
    for entry in given:
        if not isinstance(entry, Mapping) or set(entry) != {"match", "factor"} or not isinstance(entry["match"], str):
            problems.append(f"scale in {where} has entries {{match: REGEX, factor: NUMBER}}, got {brief(entry)}")
            continue
        try:
            name_pattern(entry["match"])
        except ValueError as error:
            problems.append(f"match {brief(entry['match'])} in {where} {error}")
        problems += _complaint(FACTOR.check, f"factor in {where}", entry["factor"])
    return problems


def _slice(given: Mapping[str, Any]) -> Slice:
    scale = tuple(Scale(entry["match"], float(entry["factor"])) for entry in given.get("scale") or ())
    first, end = given["layers"]
    return Slice(given["model"], (first, end), scale)


def _is_name(given: object) -> bool:
    return isinstance(given, str) and bool(given.strip())


def _is_range(given: object) -> bool:
    if isinstance(given, str) or not isinstance(given, Sequence) or len(given) != 2:
        return False
    return all(type(place) is int for place in given) and 0 <= given[0] < given[1]


def _complaint(check: Any, name: str, value: object) -> list[str]:
    try:
        check(name, value)
    except ValueError as error:
        return [str(error)]
    return []
