"""Recognises a mergekit config where a recipe is expected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_KEY = re.compile(r"^merge_method\s*:", re.MULTILINE)


def mergekit_at(path: Path | str) -> str:
    """The sentence about a mergekit config at `path`, with the next step."""
    return f"this is a mergekit config, not a recipe; make a recipe of it first: mergelab import {path} > recipe.yml"


MERGEKIT = mergekit_at("FILE")


def is_mergekit(given: Mapping[str, Any]) -> bool:
    """Whether a mapping is a mergekit config; no field of a recipe is called as its method is."""
    return "merge_method" in given


def looks_like_mergekit(text: str) -> bool:
    """Whether a text is a mergekit config, which may have several documents and is then no single mapping."""
    return _KEY.search(text) is not None
