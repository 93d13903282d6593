"""Which models are small: quick enough to be merged and scored after every change, without blocks."""

from __future__ import annotations

MOST = 2_000_000
"""Parameters of the largest small model."""


def is_small(parameters: int) -> bool:
    """Whether a model of so many parameters answers a task at once: blocks would cost it more than they show."""
    return parameters <= MOST
