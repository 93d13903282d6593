"""Cached scores: the same weights are scored only once on the same rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from torch import Tensor

from mergelab.checkpoints import hash_state, load_suite, suite_of
from mergelab.evaluation.answers import Answers
from mergelab.evaluation.evaluate import Score, evaluate
from mergelab.evaluation.tasks import TaskSet
from mergelab.runtime.cache import SCORES, key_of, store
from mergelab.runtime.progress import Progress, ProgressGen

QUICK_ROWS = 200
"""Default number of validation rows per task on the page: fast, and accurate to about ± 6 points."""
SHIPPED = "scores.json"
"""File in a suite's folder with the scores of its base and experts by `score_key`, computed when it was built."""


def scored(
    body: Mapping[str, Tensor], tasks: Sequence[TaskSet], split: str, rows: int | None, device: str
) -> ProgressGen[list[Score]]:
    """Scores of `body` (base file keys) on `split` of each task: cached ones are looked up, new ones computed and cached."""
    content = hash_state(body)
    scores: list[Score] = []
    for task in tasks:
        key = score_key(content, task, split, rows)
        kept_as = f"{key}-{device.replace(':', '-')}-by-row"  # earlier versions kept no answers, under the shorter name
        known = store().recall(SCORES, kept_as, _decode) or _shipped(task).get(key)
        if known is None:
            [known] = yield from evaluate(body, [task], split, rows=rows, device=device)
            store().put(SCORES, kept_as, json.dumps(asdict(known)).encode())
        yield Progress("Scoring", len(scores) + 1, len(tasks), task.title)
        scores.append(known)
    return scores


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
