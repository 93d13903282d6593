"""What a mergekit config says about the tokenizer and the chat template, and what of it a merge here does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mergelab.methods.knobs import brief, nearest
from mergelab.recipe.mergekit.model_reference import ModelReference, read_reference

KEPT = "MergeLab keeps the base's tokenizer and does not merge models with other vocabularies"
UNION = "remove it if all models have one vocabulary, or give them one with mergekit-tokensurgeon first"


def read_tokenizer_keys(problems: list[str], given: Mapping[str, Any], base: ModelReference | None) -> None:
    """Accept what leaves the base's tokenizer and chat template as they are; everything else is appended to `problems`."""
    for key, refuse in _REFUSALS.items():
        if given.get(key) is not None:
            problems += refuse(key, given[key], base)


def _source(key: str, given: object, base: ModelReference | None) -> list[str]:
    if given == "base":
        return []
    if given == "union":
        return [f"{key}: union is not supported: {KEPT}; {UNION}"]
    try:
        named = read_reference(key, given.removeprefix("model:") if isinstance(given, str) else given)
    except ValueError as error:
        return [str(error)]
    if named == base:
        return []
    return [
        f"{key}: {named.model} is not supported: {KEPT}; make {named.model} the base_model or copy its tokenizer files"
    ]


def _tokenizer(key: str, given: object, base: ModelReference | None) -> list[str]:
    if not isinstance(given, Mapping):
        return [f"{key} must be {{source: base}}, got {brief(given)}"]
    problems = _source(f"source of {key}", given.get("source", "union"), base)  # union is mergekit's default
    for name, value in given.items():
        if name in ("tokens", "pad_to_multiple_of") and value:
            problems.append(f"{name} of {key} is not supported: MergeLab keeps the base's rows of token ids; remove it")
        elif name not in ("source", "tokens", "pad_to_multiple_of"):
            problems.append(
                f"unknown key {brief(name)} of {key}{nearest(name, ('source', 'tokens', 'pad_to_multiple_of'))}"
            )
    return problems


def _template(key: str, given: object, _: ModelReference | None) -> list[str]:
    if given == "auto":
        return []
    return [f"{key} is not supported: MergeLab keeps the base's chat template; remove it and write yours to the result"]


_REFUSALS: Mapping[str, Callable[[str, Any, ModelReference | None], list[str]]] = {
    "tokenizer_source": _source,
    "tokenizer": _tokenizer,
    "chat_template": _template,
}
