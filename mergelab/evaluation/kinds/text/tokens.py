"""Texts as tokens of a language model, with the start of text where its tokenizer puts one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from mergelab.evaluation.kinds.text.continuation import Ids
from mergelab.evaluation.kinds.text_classification import Tokens
from mergelab.evaluation.kinds.tokenizing import longest

WINDOW = 2048
"""Tokens that are read at once by a model that names no longest text."""


@dataclass(frozen=True)
class PromptTokens(Tokens):
    """Token ids of prompts and, where they are asked, of the options that may follow each."""

    options: tuple[tuple[Ids, ...], ...] = ()


def token_ids(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """The ids of texts with the special tokens of the tokenizer, except for texts that begin with their start already."""
    start = tokenizer.bos_token
    found: list[list[int]] = []
    for begun, group in groupby(texts, key=lambda text: bool(start) and text.startswith(start)):
        found += plain_ids(tokenizer, list(group), special=not begun)
    return found


def plain_ids(tokenizer: Any, texts: Sequence[str], special: bool = False) -> list[list[int]]:
    """The ids of texts, without special tokens."""
    found: list[list[int]] = tokenizer(list(texts), add_special_tokens=special, verbose=False)["input_ids"]
    return found


def first_token(tokenizer: Any, name: str) -> int:
    """What a model has read before a text begins: the token of the start or, without one, of the end of a text."""
    found = tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id
    if found is None:
        raise ValueError(
            f"the tokenizer of {name} has no token for the start or end of a text; set bos_token in its tokenizer_config.json"
        )
    return int(found)


def window_of(tokenizer: Any, config: Any) -> int:
    """The number of tokens that the model reads at once."""
    found = longest(tokenizer, config)
    return WINDOW if found >= 2**31 else found
