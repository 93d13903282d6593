"""The answers of one body to a task's rows as far as they are known, kept so that no row is asked twice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from torch import Tensor

from mergelab.checkpoints import load_suite, suite_of
from mergelab.evaluation.kinds import Answer, Rows
from mergelab.evaluation.kinds.encode import files_folder, small_hashes
from mergelab.evaluation.scores import Answers, Score, score
from mergelab.evaluation.scores.looks import FIRST
from mergelab.evaluation.task_models.asking import ask
from mergelab.evaluation.tasks import TaskSet
from mergelab.runtime.cache import SCORES, key_of, store
from mergelab.runtime.progress import ProgressGen

SHIPPED = "answers.json"
"""File in a suite's folder with the answers of its base and experts by `answers_key`, computed when it was built."""


@dataclass
class AnswerSheet:
    """`known` are the answers to the first of the `asked` rows; `rows` are all rows of the split in their fixed order."""

    task: TaskSet
    split: str
    rows: Rows
    asked: int
    device: str
    kept_as: str
    known: Answers

    @classmethod
    def of(cls, content: str, task: TaskSet, split: str, rows: int | None, device: str) -> AnswerSheet:
        """The sheet of the body with this content hash, with the answers that are cached or shipped."""
        mixed = task.rows(split).mixed
        asked = len(mixed) if rows is None else min(rows, len(mixed))
        key = answers_key(content, task, split)
        kept_as = f"{key}-{device.replace(':', '-')}-answers"
        known = [store().recall(SCORES, kept_as, _decode), _shipped(task).get(key), Answers.of(mixed, [])]
        best = max((each for each in known if each), key=lambda each: each.n)
        return cls(task, split, mixed, asked, device, kept_as, best.first(asked))

    @property
    def complete(self) -> bool:
        """Whether all rows that are to be asked have been."""
        return self.known.n >= self.asked

    def score(self, first: int = FIRST) -> Score:
        """The score of the answers so far, of which there must be one; `first` rows are asked before it is looked at."""
        return score(self.task.name, self.split, self.task.metric, self.known, self.asked, first)

    def answer(self, body: Mapping[str, Tensor], until: int) -> ProgressGen[None]:
        """Ask `body` the rows that are missing among the first `until`, and keep its answers."""
        if missing := self.missing(until):
            self.add((yield from ask(body, self.task, self.rows, missing.start, missing.stop, self.device)))

    def missing(self, until: int) -> range:
        """The places of the rows among the first `until` that are not answered."""
        return range(self.known.n, min(until, self.asked))

    def add(self, more: Sequence[Answer]) -> None:
        """Keep the answers to the rows after those that are answered."""
        self.known = Answers.of(self.rows, [*self.known.each, *more])
        store().put(SCORES, self.kept_as, json.dumps(asdict(self.known)).encode())


def answers_key(content: str, task: TaskSet, split: str) -> str:
    """SHA-256 in hex of everything that determines the answers: the body's content hash, the rows, and how they are asked."""
    how = [task.kind, list(task.labels), repr(task.settings)]
    trained_on = [task.rows("calibration").digest()] if task.asked.is_probe else []
    return key_of(content, task.rows(split).digest(), _head(task), json.dumps(how), *trained_on)


def calibration_key(task: TaskSet) -> str:
    """SHA-256 in hex of the calibration rows and everything that determines how they are asked, except for the body."""
    return answers_key("", task, "calibration")


def _head(task: TaskSet) -> str:
    """What identifies the model that lends its head, tokenizer and config: a suite's does not change, others may."""
    if suite_of(task.head):
        return task.head
    head = task.open_head()
    files = small_hashes(files_folder(head))
    return json.dumps([head.content_hash(), files])


def _decode(content: bytes) -> Answers:
    return Answers(**json.loads(content))


def _shipped(task: TaskSet) -> Mapping[str, Answers]:
    suite = suite_of(task.head)
    path = load_suite(suite).folder / SHIPPED if suite else None
    return _read(path, path.stat().st_mtime_ns) if path and path.exists() else {}


@lru_cache(maxsize=8)
def _read(path: Path, changed: int) -> Mapping[str, Answers]:
    """`changed` is part of the cache key, so that a changed file is read again."""
    return {key: Answers(**found) for key, found in json.loads(path.read_text()).items()}
