"""Numbers by which the page knows the later of two things that it was sent on different ways."""

from __future__ import annotations

import itertools

_NUMBERS = itertools.count(1)


def next_number() -> int:
    """A larger number than every one before."""
    return next(_NUMBERS)
