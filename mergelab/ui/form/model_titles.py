"""What a person's own models are called on the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from mergelab.ui.form.short_names import short_names

LONGEST = 56
"""Letters of a title: two lines of the sidebar. A link, a recipe and the fields for own models have the whole name."""


def model_titles(references: Iterable[str]) -> dict[str, str]:
    """Models with their titles: what is `short` of each, after as many parts of its path as tell it from the others, as with
    run1/checkpoint-500 and run2/checkpoint-500. Long titles are shortened where they still differ."""
    parts = {reference: _parts(reference) for reference in references}
    taken = dict.fromkeys(parts, 1)
    while clashing := [each for each in _alike(parts, taken) if taken[each] < len(parts[each])]:
        taken |= {each: taken[each] + 1 for each in clashing}
    alike = _alike(parts, taken)
    return short_names({each: each if each in alike else _title(parts[each], taken[each]) for each in parts}, LONGEST)


def short(reference: str) -> str:
    """The last part of a path or of owner/name@revision, without the revision."""
    return _ends(reference)[-1].split("@", 1)[0] or reference


def _ends(reference: str) -> list[str]:
    return reference.rstrip("/").replace("\\", "/").split("/")


def _parts(reference: str) -> Sequence[str]:
    return [*_ends(reference)[:-1], short(reference)]


def _title(parts: Sequence[str], taken: int) -> str:
    return "/".join(parts[-taken:])


def _alike(parts: dict[str, Sequence[str]], taken: dict[str, int]) -> list[str]:
    """The models whose titles another one has as well."""
    titles = {each: _title(own, taken[each]) for each, own in parts.items()}
    counts = Counter(titles.values())
    return [each for each, title in titles.items() if counts[title] > 1]
