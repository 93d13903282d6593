"""A point of a sweep with its answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mergelab.evaluation.answer_sheet import AnswerSheet
from mergelab.evaluation.kinds import Answer
from mergelab.evaluation.scores import Score
from mergelab.evaluation.small_models import is_small
from mergelab.evaluation.tasks import TaskSet
from mergelab.jobs.sweeping.known_merges import KnownMerges
from mergelab.jobs.sweeping.point_models import Block, MergeFacts
from mergelab.recipe import Recipe
from mergelab.sweeps.proposals import Proposal

START = -1
"""Stands for the number of the recipe that a sweep started from, which is no point."""


@dataclass(frozen=True)
class AskedRows:
    """The rows that contestants answer: the first `rows` of each task's split, or all if it is None."""

    tasks: Sequence[TaskSet]
    split: str
    rows: int | None
    device: str


class Contestant:
    """A proposal with its answers, known or still to be asked. Its merge is elsewhere, with whoever asks it."""

    def __init__(self, proposal: Proposal, recipe: Recipe, asked: AskedRows, merges: KnownMerges) -> None:
        self.proposal, self.recipe, self._asked_rows, self._merges = proposal, recipe, asked, merges
        self._sheets: list[AnswerSheet] = []
        self._parameters = 0
        self.weights = ""
        self.asked = 0
        """Answers that were asked for, not recalled."""

    @property
    def name(self) -> str:
        """What it is called while it is merged and asked: a point by its number from 1."""
        return "the start" if self.proposal.number == START else f"point {self.proposal.number + 1}"

    def recall(self) -> bool:
        """Enter if it was merged before; then it is merged again only if it has rows to answer. Whether it has entered."""
        merge = self._merges.of(self.recipe)
        if merge:
            self._look_up(merge)
        return merge is not None

    def enter(self, merge: MergeFacts) -> None:
        """Keep what its merge is, and look up what is known of its answers."""
        self._merges.keep(self.recipe, merge)
        self._look_up(merge)

    def _look_up(self, merge: MergeFacts) -> None:
        self.weights, self._parameters = merge.weights, merge.parameters
        of = self._asked_rows
        self._sheets = [AnswerSheet.of(self.weights, task, of.split, of.rows, of.device) for task in of.tasks]

    def missing(self, until: int) -> Iterator[Block]:
        """What is not answered of the first `until` rows of every task."""
        for place, sheet in enumerate(self._sheets):
            if rows := sheet.missing(until):
                yield Block(place, sheet.split, rows.start, rows.stop)

    def take(self, block: Block, answers: Sequence[Answer]) -> None:
        """Keep the answers to a block that was missing."""
        self._sheets[block.task].add(answers)
        self.asked += len(answers)

    def scores(self, until: int | None = None) -> dict[str, Score]:
        """The score of each task on the first `until` rows, or on all that were answered."""
        found = {sheet.task.name: sheet.score() for sheet in self._sheets}
        return found if until is None else {task: score.on_first(until) for task, score in found.items()}

    @property
    def rows(self) -> int:
        """The rows of the largest task that are to be asked."""
        return max((sheet.asked for sheet in self._sheets), default=0)

    @property
    def is_small(self) -> bool:
        """Whether its model is small."""
        return is_small(self._parameters)
