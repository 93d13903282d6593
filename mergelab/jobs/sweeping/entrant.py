"""A point of a sweep with the merges that answer for it: one, or one for each seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mergelab.evaluation.scores import Score
from mergelab.jobs.sweeping.contestant import Contestant
from mergelab.recipe import Recipe
from mergelab.sweeps.proposals import Proposal


@dataclass(frozen=True, eq=False)
class Entrant:
    """A proposal with its contestants, in the order of their seeds."""

    proposal: Proposal
    contestants: Sequence[Contestant]

    @property
    def recipe(self) -> Recipe:
        """The recipe with its first seed."""
        return self.contestants[0].recipe

    @property
    def asked(self) -> int:
        """Answers that were asked for, not recalled."""
        return sum(each.asked for each in self.contestants)

    @property
    def rows(self) -> int:
        """The rows of the largest task that each contestant is asked."""
        return self.contestants[0].rows

    @property
    def is_small(self) -> bool:
        """Whether its model is small."""
        return self.contestants[0].is_small

    def scores(self, until: int | None = None) -> list[dict[str, Score]]:
        """The scores by task of each contestant, on the first `until` rows or on all that were answered."""
        return [each.scores(until) for each in self.contestants]
