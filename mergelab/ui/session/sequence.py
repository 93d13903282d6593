"""Sequence numbers: the page may get a message by two routes, and keeps the one with the higher number."""

from __future__ import annotations

import itertools

_NUMBERS = itertools.count(1)


def next_number() -> int:
    """A number larger than all before it."""
    return next(_NUMBERS)
