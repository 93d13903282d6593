"""What a mergekit config says about the tokenizer and the chat template, as the fields of a recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mergelab.methods.knobs import brief, nearest
from mergelab.recipe.file_choices import BASE, UNION
from mergelab.recipe.mergekit.model_reference import ModelReference, read_reference

TOKENIZER = "tokenizer_source"
"""The key in which an export writes a recipe's choice of tokenizer."""


def read_tokenizer_keys(problems: list[str], given: Mapping[str, Any], base: ModelReference | None) -> dict[str, str]:
    """The recipe's fields for a config's tokenizer; what a recipe cannot say is appended to `problems`."""
    found: dict[str, str] = {}
    for key, read in _READERS.items():
        if given.get(key) is not None:
            found |= read(problems, key, given[key], base)
    return found


def _source(problems: list[str], key: str, given: object, base: ModelReference | None) -> dict[str, str]:
    if given in (BASE, UNION):
        return {"tokenizer": str(given)}
    try:
        named = read_reference(key, given.removeprefix("model:") if isinstance(given, str) else given)
    except ValueError as error:
        problems.append(str(error))
        return {}
    return {"tokenizer": BASE if named == base else named.model}


def _tokenizer(problems: list[str], key: str, given: object, base: ModelReference | None) -> dict[str, str]:
    if not isinstance(given, Mapping):
        problems.append(f"{key} must be {{source: base}}, got {brief(given)}")
        return {}
    known = ("source", "tokens", "pad_to_multiple_of")
    for name, value in given.items():
        if name not in known:
            problems.append(f"unknown key {brief(name)} of {key}{nearest(name, known)}")
        elif name != "source" and value:
            problems.append(f"{name} of {key} is not supported: rows follow the tokenizer alone; remove it")
    return _source(problems, f"source of {key}", given.get("source", UNION), base)  # union is mergekit's default


def _template(problems: list[str], key: str, given: object, _: ModelReference | None) -> dict[str, str]:
    if given != "auto":
        told = "a recipe takes the template of one of its models"
        problems.append(f"{key} is not supported: {told}; remove it, and add `chat_template: MODEL` to the recipe")
    return {}


_READERS: Mapping[str, Callable[[list[str], str, Any, ModelReference | None], dict[str, str]]] = {
    TOKENIZER: _source,
    "tokenizer": _tokenizer,
    "chat_template": _template,
}
