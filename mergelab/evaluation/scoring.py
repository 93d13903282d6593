"""Scores that tighten block by block."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace

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
    content, first = hash_state(body), _first_block(body)
    sheets = [AnswerSheet.of(content, task, split, rows, device) for task in tasks]
    yield from (sheet.score(first) for sheet in sheets if sheet.known.n)
    for bound in bounds(max((sheet.asked for sheet in sheets), default=0), first):
        for sheet in sheets:
            if sheet.known.n < min(bound, sheet.asked):
                yield from _answered(sheet, body, bound, sheets)
                yield sheet.score(first)
    yield _progress(sheets)


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


def _first_block(body: Mapping[str, Tensor]) -> int:
    """The number of rows after which a model is looked at for the first time."""
    return EVERY_ROW if is_small(sum(value.numel() for value in body.values())) else FIRST


def _answered(
    sheet: AnswerSheet, body: Mapping[str, Tensor], bound: int, sheets: Sequence[AnswerSheet]
) -> ProgressGen[None]:
    """Ask the next block of one task; the progress is that of all tasks."""
    before = _progress(sheets)

    def among(step: Progress) -> Progress:
        return replace(before, done=before.done + step.done)

    yield from map_progress(sheet.answer(body, bound), among)


def _progress(sheets: Sequence[AnswerSheet]) -> Progress:
    """The rows answered and asked of all tasks."""
    complete, count = sum(sheet.complete for sheet in sheets), len(sheets)
    detail = f"{complete} of {count} task{'s' if count > 1 else ''}"
    return Progress(
        "Scoring", sum(sheet.known.n for sheet in sheets), sum(sheet.asked for sheet in sheets), detail, "rows"
    )
