"""Words of the page: names for knobs and numbers as a person reads them."""

from __future__ import annotations

COMPLEMENTS = {"density": "drop rate"}
"""Knobs that some papers count from the other end; the page shows 1 minus the value beside them."""


def title_of(name: str) -> str:
    """`zero_sign` -> `Zero sign`; a single letter stays as the paper writes it."""
    return name if len(name) == 1 else name.replace("_", " ").capitalize()


def seconds(value: float) -> str:
    """`0.4 s`, `12 s`, `2 min 05 s`."""
    if value < 10:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def counted(number: int, noun: str) -> str:
    """`1 expert`, `5 experts`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
