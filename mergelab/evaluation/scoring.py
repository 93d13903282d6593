"""Scores that tighten block by block."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from mergelab.checkpoints import Checkpoint, hash_state
from mergelab.evaluation.answer_sheet import AnswerSheet
from mergelab.evaluation.evaluate import body_of
from mergelab.evaluation.scores import Score
from mergelab.evaluation.scores.looks import FIRST, bounds
from mergelab.evaluation.small_models import is_small
from mergelab.evaluation.tasks import TaskSet
from mergelab.runtime.cache import HASHES, key_of, store
from mergelab.runtime.progress import Progress, ProgressGen, map_progress

EVERY_ROW = 2**31
QUICK_ROWS = 200
"""Default number of validation rows per task on the page: fast, and accurate to about ± 6 points."""


def scored(
    body: Mapping[str, Tensor], tasks: Sequence[TaskSet], split: str, rows: int | None, device: str
) -> ProgressGen[list[Score]]:
    """Scores of `body` (base file keys) on `split` of each task: known answers are looked up, new ones asked and kept."""
    scores: dict[str, Score] = {}

    def kept(found: Progress | Score) -> Progress | None:
        if isinstance(found, Progress):
            return found
        scores[found.task] = found
        return None

    yield from map_progress(scored_in_blocks(body, tasks, split, rows, device), kept)
    return [scores[task.name] for task in tasks]


def scored_in_blocks(
    body: Mapping[str, Tensor], tasks: Sequence[TaskSet], split: str, rows: int | None, device: str
) -> Generator[Progress | Score, None, None]:
    """The scores of `scored`: those of known answers at once, then each task's after every block of rows.

    All tasks have answered a block before the first of them is asked the next, so that each soon has a score. A small model
    answers all rows of a task at once.
    """
    scoring = BlockScoring.of(hash_state(body), tasks, split, rows, device, first_block(body))
    yield from scoring.scores
    for bound in scoring.bounds:
        yield from scoring.until(bound, body)
    yield scoring.progress


@dataclass(frozen=True)
class BlockScoring:
    """Scores one body, block by block. `sheets` have its answers to each task; `first` rows are in the first block."""

    sheets: Sequence[AnswerSheet]
    first: int

    @classmethod
    def of(
        cls, content: str, tasks: Sequence[TaskSet], split: str, rows: int | None, device: str, first: int
    ) -> BlockScoring:
        """The scoring of the body with this content hash, with the answers that are known."""
        return cls([AnswerSheet.of(content, task, split, rows, device) for task in tasks], first)

    @property
    def scores(self) -> list[Score]:
        """The scores of the tasks with answers."""
        return [sheet.score(self.first) for sheet in self.sheets if sheet.known.n]

    @property
    def bounds(self) -> list[int]:
        """The numbers of rows after which every task has a score."""
        return bounds(max((sheet.asked for sheet in self.sheets), default=0), self.first)

    def is_answered(self, bound: int) -> bool:
        """Whether the first `bound` rows of every task are answered."""
        return not any(sheet.missing(bound) for sheet in self.sheets)

    def until(self, bound: int, body: Mapping[str, Tensor]) -> Generator[Progress | Score, None, None]:
        """Ask `body` the rows that are missing among the first `bound` of each task; each task's score follows."""
        for sheet in self.sheets:
            if sheet.missing(bound):
                yield from self._answered(sheet, body, bound)
                yield sheet.score(self.first)

    @property
    def progress(self) -> Progress:
        """The rows answered and asked of all tasks."""
        sheets, complete = self.sheets, sum(sheet.complete for sheet in self.sheets)
        detail = f"{complete} of {len(sheets)} task{'s' if len(sheets) > 1 else ''}"
        done, asked = sum(sheet.known.n for sheet in sheets), sum(sheet.asked for sheet in sheets)
        return Progress("Scoring", done, asked, detail, "rows")

    def _answered(self, sheet: AnswerSheet, body: Mapping[str, Tensor], bound: int) -> ProgressGen[None]:
        """Ask the next block of one task; the progress is that of all tasks."""
        before = self.progress

        def among(step: Progress) -> Progress:
            return replace(before, done=before.done + step.done)

        yield from map_progress(sheet.answer(body, bound), among)


def recalled_score(content: str, task: TaskSet, split: str, rows: int | None, device: str) -> Score | None:
    """The score of the body with this content hash, if all answers are cached or shipped."""
    sheet = AnswerSheet.of(content, task, split, rows, device)
    return sheet.score() if sheet.complete else None


def body_hash(checkpoint: Checkpoint, base: Checkpoint) -> str:
    """The content hash of `body_of(checkpoint, base)`; kept, so that unchanged models are read once."""
    key = key_of("body", base.content_hash(), checkpoint.content_hash())
    found = store().recall(HASHES, key, bytes.decode)
    if found is None:
        found = hash_state(body_of(checkpoint, base))
        store().put(HASHES, key, found.encode())
    return found


def first_block(body: Mapping[str, Tensor]) -> int:
    """The number of rows after which a model is looked at for the first time."""
    return EVERY_ROW if is_small(sum(value.numel() for value in body.values())) else FIRST
