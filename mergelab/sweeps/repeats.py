"""Recipes that are repeated with several seeds, and what they are worth: the mean over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from mergelab.evaluation.scores import Score
from mergelab.evaluation.scores.interval import Estimate
from mergelab.methods.registry import RandomBits, Rule, Statistic
from mergelab.recipe import Recipe
from mergelab.sweeps.objective import Scores, SweepObjective

Repeats = Sequence[Scores]
"""The scores by task of one recipe with each of its seeds."""


def is_random(rule: Rule) -> bool:
    """Whether a merge by this rule depends on the seed: it draws numbers, or the rows that it is calibrated on."""
    return bool(rule.wanting(RandomBits) or rule.wanting(Statistic))


def repeated(recipe: Recipe, count: int) -> list[Recipe]:
    """The recipe with `count` seeds from its own on; it alone where nothing in it is random."""
    rules = [recipe.rule, *([recipe.sparsifier] if recipe.sparsifier else [])]
    if not any(map(is_random, rules)):
        return [recipe]
    return [Recipe.from_mapping({**recipe.to_mapping(), "seed": recipe.seed + more}) for more in range(count)]


def mean_over_seeds(scores: Sequence[Score]) -> Score:
    """The mean of a task's scores with several seeds, all on the same rows; that of a single seed as it is.

    Rows that are asked several times say no more of other rows, so the interval does not become narrower: its ends are the means of
    the ends.
    """
    if len(scores) == 1:
        return scores[0]
    value, low, high = (fmean(getattr(score, name) for score in scores) for name in ("value", "low", "high"))
    return replace(scores[0], value=value, low=low, high=high, answers=None)


@dataclass(frozen=True)
class MeanOverSeeds:
    """An objective of repeated recipes: its mean over the seeds. Intervals are over the rows, as in `mean_over_seeds`."""

    of: SweepObjective

    def value(self, repeats: Repeats) -> float:
        """The figure."""
        return fmean(self.of.value(scores) for scores in repeats)

    def error(self, repeats: Repeats) -> float:
        """Half of the width of its 95 % interval."""
        return fmean(self.of.error(scores) for scores in repeats)

    def difference(self, first: Repeats, second: Repeats, z: float) -> Estimate:
        """The second figure minus the first; the seeds are paired in their order."""
        found = [self.of.difference(one, other, z) for one, other in _paired(first, second)]
        value, low, high = (fmean(getattr(each, name) for each in found) for name in ("value", "low", "high"))
        return Estimate(value, low, high)


def _paired(first: Repeats, second: Repeats) -> Iterator[tuple[Scores, Scores]]:
    """Seed by seed; a recipe without chance has one and stands beside each of the other's."""
    for place in range(max(len(first), len(second))):
        yield first[place % len(first)], second[place % len(second)]
