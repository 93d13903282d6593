"""Numbers as people type several of them, with decimal points or decimal commas."""

from __future__ import annotations

import re

from mergelab.sweeps.sweep_error import SweepError

PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
WITH_COMMA = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?", re.IGNORECASE)


def typed_numbers(text: str) -> list[str] | None:
    """The numbers of a list, each with a decimal point; None if the text is no list of numbers.

    A comma before a space, a space and a semicolon separate numbers. A comma between digits does so as well, or it is a decimal comma:
    `0,1 0,2` are two numbers, `0,0.5,1` three. Raises `SweepError` if both can be meant, as in `0,35`; in brackets it separates.
    """
    inner, is_bracketed = text.strip().removeprefix("[").removesuffix("]"), text.strip().startswith("[")
    parts = [part for part in re.split(r"[;\s]+", re.sub(r"\s*,\s+|\s+,", " ", inner)) if part]
    decimal = [part.replace(",", ".") for part in parts] if _all(WITH_COMMA, parts) else None
    split = [part.strip() for part in inner.split(",") if part.strip()]
    listed = split if _all(PLAIN, split) and len(set(split)) == len(split) else None
    if listed and (is_bracketed or decimal in (None, listed)):
        return listed
    if listed and decimal:
        raise SweepError(f"{_both(text, decimal, split)}; write {_spaced(decimal)}, or {_spaced(split)}")
    return decimal


def with_decimal_points(text: str) -> str:
    """A range such as `0,1:1:0,3` with decimal points: there a comma separates nothing."""
    return re.sub(r"(?<=\d),(?=\d)", ".", text)


def _all(pattern: re.Pattern[str], parts: list[str]) -> bool:
    return bool(parts) and all(map(pattern.fullmatch, parts))


def _both(text: str, decimal: list[str], split: list[str]) -> str:
    """What an ambiguous text may mean."""
    return f"{text.strip()} may be {' and '.join(decimal)}, or {' and '.join(split)}"


def _spaced(numbers: list[str]) -> str:
    """The numbers as they are unambiguous: a single one in brackets."""
    return ", ".join(numbers) if len(numbers) > 1 else f"[{numbers[0]}]"
