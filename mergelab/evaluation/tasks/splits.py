"""Which split a row belongs to: as its table says, or by a hash of its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

SPLITS = ("calibration", "validation", "test")
"""Statistics are taken on the first, knobs are chosen on the second, and scores are reported on the third."""
SPLIT_COLUMN = "split"
ALIASES = {"train": "calibration", "training": "calibration", "dev": "validation", "val": "validation"}


def split_of(cells: Mapping[str, Any], content: object) -> str:
    """The split in the column `split` or, without one, by a hash of what is asked.

    The hash gives ¼ calibration, ¼ validation and ½ test rows: equal questions are never in two splits, and the order of
    rows does not matter.
    """
    if SPLIT_COLUMN not in cells:
        return _by_hash(content)
    name = str(cells[SPLIT_COLUMN]).strip().lower()
    split = ALIASES.get(name, name)
    if split not in SPLITS:
        raise ValueError(f"unknown split {cells[SPLIT_COLUMN]!r}; known: {', '.join(SPLITS)}")
    return split


def _by_hash(content: object) -> str:
    text = content if isinstance(content, str) else json.dumps(content)
    quarter = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[0] // 64
    return ("calibration", "validation", "test", "test")[quarter]
