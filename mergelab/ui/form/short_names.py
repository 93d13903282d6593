"""Long names of models, shortened so that they still differ."""

from __future__ import annotations

from collections.abc import Mapping

LONGEST = 28
"""Names up to this length stay as they are."""
SEPARATORS = "-_/. "
MARK = "…"


def short_names(names: Mapping[str, str], longest: int = LONGEST) -> dict[str, str]:
    """The same names by the same keys, at most `longest` characters long: without the beginning that all of them share, and with
    `…` in place of the middle, because names mostly differ at their ends. Names that would become equal stay whole."""
    if all(len(name) <= longest for name in names.values()):
        return dict(names)
    shared = _shared_beginning(list(names.values()))
    cut = {key: _without_middle(name[shared:], longest) for key, name in names.items()}
    written = list(cut.values())
    return {key: short if written.count(short) == 1 else names[key] for key, short in cut.items()}


def _shared_beginning(names: list[str]) -> int:
    """The length of the beginning that all names share, up to a separator; 0 for one name. Something is left of each name."""
    if len(names) < 2:
        return 0
    first, last = min(names), max(names)  # in the order of the alphabet, so that all others begin as these two do
    differing = (place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    shared = first[: next(differing, len(first) - 1)]
    return max((place + 1 for place, sign in enumerate(shared) if sign in SEPARATORS), default=0)


def _without_middle(name: str, longest: int) -> str:
    if len(name) <= longest:
        return name
    end = (longest - len(MARK)) // 2
    return name[: longest - len(MARK) - end] + MARK + name[-end:]
