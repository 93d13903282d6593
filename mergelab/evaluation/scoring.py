"""Cached scores: the same weights are scored only once on the same rows."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from torch import Tensor

from mergelab.checkpoints import Checkpoint, hash_state, load_suite, suite_of
from mergelab.evaluation.answers import Answers
from mergelab.evaluation.evaluate import Score, body_of, evaluate
from mergelab.evaluation.tasks import TaskSet
from mergelab.runtime.cache import HASHES, SCORES, key_of, store
from mergelab.runtime.progress import Progress, ProgressGen, map_progress

QUICK_ROWS = 200
"""Default number of validation rows per task on the page: fast, and accurate to about ± 6 points."""
SHIPPED = "scores.json"
"""File in a suite's folder with the scores of its base and experts by `score_key`, computed when it was built."""


def scored(
    body: Mapping[str, Tensor], tasks: Sequence[TaskSet], split: str, rows: int | None, device: str
) -> ProgressGen[list[Score]]:
    """Scores of `body` (base file keys) on `split` of each task: cached ones are looked up, new ones computed and cached."""
    scores: list[Score] = []

    def kept(found: Progress | Score) -> Progress | None:
        if isinstance(found, Progress):
            return found
        scores.append(found)
        return None

    yield from map_progress(scored_in_turn(body, tasks, split, rows, device), kept)
    return scores


def scored_in_turn(
    body: Mapping[str, Tensor], tasks: Sequence[TaskSet], split: str, rows: int | None, device: str
) -> Generator[Progress | Score, None, None]:
    """The scores of `scored`, each as soon as it is known. The progress counts the rows of all tasks."""
    content, done = hash_state(body), 0
    total = sum(len(task.rows(split, rows)) for task in tasks)
    for number, task in enumerate(tasks):
        known = recalled_score(content, task, split, rows, device)
        if known is None:
            among = partial(_among, done=done, total=total, tasks=_of_all(number, tasks))
            [known] = yield from map_progress(evaluate(body, [task], split, rows=rows, device=device), among)
            store().put(SCORES, _kept_as(content, task, split, rows, device), json.dumps(asdict(known)).encode())
        done += known.n
        yield known
        yield Progress("Scoring", done, total, _of_all(number + 1, tasks), "rows")


def recalled_score(content: str, task: TaskSet, split: str, rows: int | None, device: str) -> Score | None:
    """The score of the body with this content hash, if it is cached or shipped."""
    kept_as = _kept_as(content, task, split, rows, device)
    return store().recall(SCORES, kept_as, _decode) or _shipped(task).get(score_key(content, task, split, rows))


def body_hash(checkpoint: Checkpoint, base: Checkpoint) -> str:
    """The content hash of `body_of(checkpoint, base)`; kept, so that unchanged models are read once."""
    key = key_of("body", base.content_hash(), checkpoint.content_hash())
    found = store().recall(HASHES, key, bytes.decode)
    if found is None:
        found = hash_state(body_of(checkpoint, base))
        store().put(HASHES, key, found.encode())
    return found


def _of_all(number: int, tasks: Sequence[TaskSet]) -> str:
    return f"{number} of {len(tasks)} task{'s' if len(tasks) > 1 else ''}"


def _among(progress: Progress, done: int, total: int, tasks: str) -> Progress:
    """The progress of one task among those of all tasks."""
    return replace(progress, done=done + progress.done, total=total, detail=tasks)


def _kept_as(content: str, task: TaskSet, split: str, rows: int | None, device: str) -> str:
    key = score_key(content, task, split, rows)
    return f"{key}-{device.replace(':', '-')}-by-row"  # earlier versions kept no answers, under the shorter name


def score_key(content: str, task: TaskSet, split: str, rows: int | None) -> str:
    """SHA-256 in hex of everything that determines a score: the body's content hash, the rows, and the head's model."""
    return key_of(content, task.rows(split, rows).digest(), task.head)


def _decode(content: bytes) -> Score:
    return _score(json.loads(content))


def _score(entry: Mapping[str, Any]) -> Score:
    """A score from JSON. A suite's file of an earlier version has no answers, and then there are no paired differences."""
    answers = entry.get("answers")
    return Score(**{**entry, "answers": Answers(**answers) if answers else None})


def _shipped(task: TaskSet) -> dict[str, Score]:
    suite = suite_of(task.head)
    path = load_suite(suite).folder / SHIPPED if suite else None
    return _read(path, path.stat().st_mtime_ns) if path and path.exists() else {}


@lru_cache(maxsize=8)
def _read(path: Path, changed: int) -> dict[str, Score]:
    """`changed` is part of the cache key, so that a changed file is read again."""
    return {key: _score(entry) for key, entry in json.loads(path.read_text()).items()}
