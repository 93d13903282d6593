"""Measures a damage map: every cell is asked a small block of rows before any is asked more."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import torch
from torch import Tensor

from mergelab.analysis.damage.damage_map import CellDamage, DamageMap
from mergelab.analysis.damage.model_cells import ModelCell, cells_of
from mergelab.analysis.damage.treatments import Treatment, treatments
from mergelab.checkpoints.files.content_hash import hash_tensor
from mergelab.engine import Plan
from mergelab.evaluation.answer_sheet import AnswerSheet
from mergelab.evaluation.scores.looks import FIRST, bounds
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.evaluation.scores.paired import PairedDifference, paired_difference
from mergelab.evaluation.tasks import TaskError, TaskSet
from mergelab.evaluation.tasks.own.how_to_say import HOW_TO_GIVE
from mergelab.runtime.hashing import hash_pairs
from mergelab.runtime.progress import Partial, PartialGen, Progress, ProgressGen, map_progress

T = TypeVar("T")
PACE = 0.5
"""Seconds between two partial maps."""
SPLIT = "validation"

Sheets = Mapping[str, AnswerSheet]
"""The answers of one body, by task."""


@dataclass
class _Trial:
    """One cell under one treatment. `sheets` is None until the treatment's tensors were read, and empty if the merge has
    exactly these."""

    cell: ModelCell
    treatment: Treatment
    sheets: Sheets | None = None
    found: dict[str, PairedDifference] = field(default_factory=dict)

    def has_answered(self, bound: int) -> bool:
        """Whether the rows below this bound are answered, or need not be asked."""
        return self.sheets is not None and all(
            sheet.known.n >= min(bound, sheet.asked) for sheet in self.sheets.values()
        )


class DamageMeasurement:
    """The damage of a merge, whose `body` (base file keys) is that of the plan, on the first `rows` rows of each task.

    A treated body is the merged one with the tensors of one cell replaced: nothing else is copied or hashed again. Its
    answers are kept like those of any model, so that a measurement goes on where an earlier one stopped. `seed` decides the
    order of the cells, which changes no figure. Raises TaskError for a task that does not count right answers.
    """

    def __init__(
        self,
        plan: Plan,
        body: Mapping[str, Tensor],
        tasks: Sequence[TaskSet],
        restore: str,
        rows: int | None = None,
        device: str = "cpu",
        seed: int = 0,
    ) -> None:
        _check_metrics(tasks)
        self._plan, self._body, self._tasks, self._restore = plan, body, tasks, restore
        self._rows, self._device = rows, device
        self._hashes = {key: hash_tensor(value) for key, value in body.items()}
        self._merged = self._sheets_of(self._hashes, tasks)
        self._cells = cells_of(plan)
        given = treatments(plan, restore, tasks, device)
        shuffled = random.Random(seed).sample(self._cells, len(self._cells))
        self._trials = [_Trial(cell, treatment) for cell in shuffled for treatment in given]
        self._conflicts: Mapping[tuple[str, str], float] = {}

    def run(self, conflicts: Mapping[tuple[str, str], float] | None = None) -> PartialGen[DamageMap]:
        """The map, and on the way what is known of it. `conflicts` are the conflicting weights by layer and module."""
        self._conflicts = conflicts or {}
        told = -float("inf")
        for bound in bounds(max(sheet.asked for sheet in self._merged.values()), FIRST):
            for sheet in self._merged.values():
                yield from self._asked(sheet, self._body, bound)
            for trial in self._trials:
                yield self._progress(trial.cell)
                yield from self._ask(trial, bound)
                if time.monotonic() >= told + PACE:
                    told = time.monotonic()
                    yield Partial(self._known())
        return self._known()

    def _ask(self, trial: _Trial, bound: int) -> ProgressGen[None]:
        """Ask a treated body the rows below the bound, and compare its answers with those of the merged model."""
        if not trial.has_answered(bound):
            put_back = {key: trial.treatment.read(key) for key in trial.cell.keys}
            if trial.sheets is None:
                trial.sheets = self._treated_sheets(trial.treatment, put_back)
            treated = {**self._body, **self._with_tied(put_back)}
            for sheet in trial.sheets.values():
                yield from self._asked(sheet, treated, bound)
        assert trial.sheets is not None
        for task in trial.treatment.tasks:
            trial.found[task.name] = self._compared(task.name, trial.sheets)

    def _treated_sheets(self, treatment: Treatment, put_back: Mapping[str, Tensor]) -> Sheets:
        if all(torch.equal(self._body[key], value) for key, value in put_back.items()):
            return {}
        changed = {key: hash_tensor(value) for key, value in put_back.items()}
        return self._sheets_of({**self._hashes, **self._with_tied(changed)}, treatment.tasks)

    def _sheets_of(self, hashes: Mapping[str, str], tasks: Sequence[TaskSet]) -> Sheets:
        """The sheets of a body whose tensors have these hashes."""
        content = hash_pairs(hashes.items())
        return {task.name: AnswerSheet.of(content, task, SPLIT, self._rows, self._device) for task in tasks}

    def _with_tied(self, by_key: Mapping[str, T]) -> dict[str, T]:
        """The same, also under the other names of shared tensors."""
        tied = self._plan.compatibility.tied
        return {**by_key, **{name: by_key[owner] for name, owner in tied.items() if owner in by_key}}

    def _compared(self, task: str, sheets: Sheets) -> PairedDifference:
        merged = self._merged[task]
        if not sheets:
            return PairedDifference(0.0, 0.0, 0.0, merged.asked, merged.task.metric)
        found = paired_difference(merged.score(), sheets[task].score())
        assert found is not None, "both answered the same rows"
        return found

    def _asked(self, sheet: AnswerSheet, body: Mapping[str, Tensor], bound: int) -> ProgressGen[None]:
        before = self._progress()

        def among(step: Progress) -> Progress:
            return replace(before, done=before.done + step.done, detail=step.detail)

        yield from map_progress(sheet.answer(body, bound), among)

    def _progress(self, cell: ModelCell | None = None) -> Progress:
        """The rows that are answered, of those that all cells are to answer."""
        whole = {task.name: self._merged[task.name].asked for task in self._tasks}
        done = sum(sheet.known.n for sheet in self._merged.values())
        done += sum(self._answered(trial, whole) for trial in self._trials)
        total = sum(whole.values()) * (1 + len(self._cells))
        return Progress("Measuring damage", done, total, f"layer {cell.layer}, {cell.module}" if cell else "", "rows")

    @staticmethod
    def _answered(trial: _Trial, whole: Mapping[str, int]) -> int:
        if trial.sheets is None:
            return 0
        tasks = [task.name for task in trial.treatment.tasks]
        return sum(trial.sheets[name].known.n if trial.sheets else whole[name] for name in tasks)

    def _known(self) -> DamageMap:
        by_cell: dict[ModelCell, list[_Trial]] = {cell: [] for cell in self._cells}
        for trial in self._trials:
            by_cell[trial.cell].append(trial)
        return DamageMap(
            recipe=self._plan.recipe.digest(),
            restore=self._restore,
            split=SPLIT,
            tasks={task.name: task.title for task in self._tasks},
            asked={name: sheet.asked for name, sheet in self._merged.items()},
            cells=tuple(self._cell_damage(cell, trials) for cell, trials in by_cell.items()),
        )

    def _cell_damage(self, cell: ModelCell, trials: Sequence[_Trial]) -> CellDamage:
        return CellDamage(
            cell.layer,
            cell.module,
            sum(self._plan.base.specs[key].count for key in cell.keys),
            self._conflicts.get((cell.layer, cell.module)),
            {name: found for trial in trials for name, found in trial.found.items()},
            tuple(_unchanged(trials)),
        )


def _unchanged(trials: Sequence[_Trial]) -> Iterator[str]:
    """The tasks for which the merge has exactly the tensors of the treatment."""
    for trial in trials:
        if trial.sheets is not None and not trial.sheets:
            yield from (task.name for task in trial.treatment.tasks)


def _check_metrics(tasks: Sequence[TaskSet]) -> None:
    if not tasks:
        raise TaskError(f"damage is measured on task sets, and there is none: give one {HOW_TO_GIVE}")
    others = [task for task in tasks if not find_metric(task.metric).is_share]
    if others:
        raise TaskError(
            "\n".join(
                f"{task.title} is measured in {task.metric}; damage counts right answers, so leave this task out"
                for task in others
            )
        )
