"""When a person may look at a score that is still tightening, and what each look costs a comparison."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import NormalDist

from mergelab.evaluation.scores.interval import Z

FIRST = 25
"""Rows of the first block; every further block doubles the number of rows."""
ALPHA = 0.05


def bounds(asked: int, first: int = FIRST) -> list[int]:
    """The numbers of rows after which a score is shown: `first`, twice, four times … as many, and all `asked` rows."""
    found = []
    bound = first
    while bound < asked:
        found.append(bound)
        bound *= 2
    return [*found, asked] if asked else []


def z_at(n: int, asked: int, first: int = FIRST, tests: int = 1) -> float:
    """How many standard errors a difference's interval spans after `n` of `asked` rows, the first block of which has `first`.

    Whoever looks after every block and stops at the first clear difference is wrong more often than one look suggests. So
    the 5 % are spent over the looks, as in Lan & DeMets, "Discrete sequential boundaries for clinical trials", Biometrika
    70, 1983, with the spending function α ln(1 + (e − 1) t) of the share t of rows: each look may use what was spent since
    the look before it. One look at all rows keeps 1.96; the last of four has 2.35.

    With `tests` comparisons at each look, the 5 % are shared among them (Bonferroni).
    """
    looks = bounds(asked, first)
    if len(looks) < 2:
        return Z if tests == 1 else NormalDist().inv_cdf(1 - ALPHA / tests / 2)
    spent = [0.0, *(ALPHA * math.log1p((math.e - 1) * bound / asked) for bound in looks)]
    levels = [later - earlier for earlier, later in pairwise(spent)]
    at = next((place for place, bound in enumerate(looks) if bound >= n), len(looks) - 1)
    return NormalDist().inv_cdf(1 - levels[at] / tests / 2)
