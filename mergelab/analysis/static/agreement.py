"""Cosines, norms and shares computed from the sums of a tensor, a layer or a model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from mergelab.analysis.static.figure import Figure, figure, pairs_among
from mergelab.analysis.static.moments import Moments

NOTHING = "it has no entries"


def agreement(found: Moments, experts: Sequence[str]) -> list[Figure]:
    """The figures of each expert, then of each pair; `experts` are in the order of the sums."""
    own = [each for place, name in enumerate(experts) for each in _of_expert(found, place, name)]
    shared = [each for i, j, name in pairs_among(experts) for each in _of_pair(found, i, j, name)]
    return own + shared


def _of_expert(found: Moments, place: int, name: str) -> Iterator[Figure]:
    base, change = float(found.products[0, 0]), float(found.squares[place])
    yield figure("norm", name, math.sqrt(change), NOTHING)
    yield figure("relative_norm", name, math.sqrt(_share(change, base)), "the base is 0 here")
    yield figure("base_cosine", name, base_cosine(found, place), "the base or the expert is 0 here")
    yield figure("small", name, _share(int(found.small[place]), found.entries), NOTHING)
    yield figure("unchanged", name, _share(int(found.zero[place]), found.entries), NOTHING)


def base_cosine(found: Moments, place: int) -> float:
    """The cosine between the base's and an expert's weights; NaN if one of them is 0."""
    base, cross, change = (float(found.products[at]) for at in ((0, 0), (0, place + 1), (place + 1, place + 1)))
    return _share(base + cross, math.sqrt(base) * math.sqrt(max(base + 2 * cross + change, 0)))


def _of_pair(found: Moments, i: int, j: int, name: str) -> Iterator[Figure]:
    dot = float(found.products[i + 1, j + 1])
    norms = math.sqrt(float(found.squares[i])) * math.sqrt(float(found.squares[j]))
    shared, opposed = int(found.shared[i, j]), int(found.opposed[i, j])
    yield figure("cosine", name, _share(dot, norms), "one of the two changes nothing here")
    yield figure("conflict", name, _share(opposed, shared), "the two change no entry in common")
    yield figure("sign_mismatch", name, _share(_mismatches(found, i, j), found.entries), NOTHING)


def _mismatches(found: Moments, i: int, j: int) -> int:
    """The number of entries whose signs differ, with 0 as a sign of its own."""
    shared, opposed = int(found.shared[i, j]), int(found.opposed[i, j])
    one_sided = 2 * found.entries - int(found.zero[i]) - int(found.zero[j]) - 2 * shared
    return opposed + one_sided


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
