"""A point of a sweep while it answers rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from mergelab.checkpoints import hash_state
from mergelab.engine import merged_body, prepare
from mergelab.evaluation.answer_sheet import AnswerSheet
from mergelab.evaluation.scores import Score
from mergelab.evaluation.scoring import SMALL
from mergelab.evaluation.tasks import TaskSet
from mergelab.jobs.recipe_plans import planned_recipe, with_calibration
from mergelab.jobs.task_sets.own_tasks import TaskFiles
from mergelab.recipe import Recipe
from mergelab.runtime.progress import ProgressGen
from mergelab.sweeps.proposals import Proposal

Body = Mapping[str, Tensor]


class Contestant:
    """A proposal's merge with its answers; the merge stays in memory until it is dropped, and is made again if it is needed."""

    def __init__(self, proposal: Proposal, recipe: Recipe, own: TaskFiles, device: str) -> None:
        self.proposal, self.recipe = proposal, recipe
        self._own, self._device = own, device
        self._body: Body | None = None
        self._sheets: list[AnswerSheet] = []
        self._parameters = 0
        self.weights = ""
        self.asked = 0
        """Answers that were asked for, not recalled."""

    def start(self, tasks: Sequence[TaskSet], split: str, rows: int | None) -> ProgressGen[None]:
        """Merge, and look up what is known of the answers."""
        body = yield from self._merged()
        self.weights = hash_state(body)
        self._parameters = sum(value.numel() for value in body.values())
        self._sheets = [AnswerSheet.of(self.weights, task, split, rows, self._device) for task in tasks]

    def answer(self, until: int) -> ProgressGen[None]:
        """Answer the first `until` rows of every task."""
        for sheet in self._sheets:
            before = sheet.known.n
            if before < min(until, sheet.asked):
                yield from sheet.answer((yield from self._merged()), until)
                self.asked += sheet.known.n - before

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
        """Whether its model is small, as in `mergelab.evaluation.scoring`."""
        return self._parameters <= SMALL

    @property
    def nbytes(self) -> int:
        """The size of the merge in memory."""
        return sum(value.nbytes for value in self._body.values()) if self._body else 0

    def drop(self) -> None:
        """Free the merge's memory."""
        self._body = None

    def _merged(self) -> ProgressGen[Body]:
        if self._body is None:
            planned = yield from planned_recipe(self.recipe, self._own.models_dir, self._device, self._own)
            tasks = self._own.task_sets(planned.base, planned.experts)
            planned = yield from with_calibration(planned, self._device, tasks)
            self._body = yield from merged_body((yield from prepare(planned, self._device)))
        return self._body
