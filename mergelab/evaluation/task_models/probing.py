"""Trains the linear probe of a task on the base's features of its calibration rows, and keeps it by content."""

from __future__ import annotations

import json
from collections.abc import Sequence

import torch
from safetensors.torch import load, save
from torch import Tensor

from mergelab.evaluation.kinds import Rows
from mergelab.evaluation.kinds.encode import files_folder, small_hashes
from mergelab.evaluation.kinds.probing.logistic_regression import LinearProbe, fitted_probe
from mergelab.evaluation.kinds.probing.probed import Probed
from mergelab.evaluation.task_models.batches import POSITIONS, batches
from mergelab.evaluation.task_models.exams import exam_of
from mergelab.evaluation.task_models.precision import full_precision
from mergelab.evaluation.tasks import TaskError, TaskSet
from mergelab.evaluation.tasks.own.how_to_say import HOW_TO_CHOOSE
from mergelab.runtime.cache import STATISTICS, key_of, store
from mergelab.runtime.progress import Progress, ProgressGen

MOST_ROWS = 2048
"""The most calibration rows that train a probe."""
LEAST_ROWS = 5
"""The fewest calibration rows of each class."""
MOST_TOLD = 5
"""So many classes with too few rows are told by their names."""
VERSION = "linear-probe/v1"


def probe_of(task: TaskSet, device: str) -> ProgressGen[LinearProbe | None]:
    """The probe of a task, from the cache or trained now; None for kinds without one.

    The same probe answers for the base, the experts and the merged model. Raises `TaskError` if a class has too few rows.
    """
    if not isinstance(task.asked, Probed):
        return None
    rows = training_rows(task)
    key = _key(task, rows, device)
    if kept := store().recall(STATISTICS, key, _decode):
        return kept
    features = yield from _features(task, rows, device)
    probe = fitted_probe(features, rows.labels, len(task.labels))
    store().put(STATISTICS, key, save(vars(probe)))
    return probe


def training_rows(task: TaskSet) -> Rows:
    """The calibration rows that train a task's probe, in an order that mixes the classes."""
    if "calibration" not in task.splits():
        raise TaskError(_told(task, "no calibration rows"))
    rows = task.rows("calibration", MOST_ROWS).mixed
    counts = torch.bincount(rows.labels, minlength=len(task.labels)).tolist()
    few = [(label, count) for label, count in zip(task.labels, counts, strict=True) if count < LEAST_ROWS]
    if few:
        raise TaskError(_told(task, _listed(few)))
    return rows


def _listed(few: Sequence[tuple[str, int]]) -> str:
    """Classes with their rows: `4 calibration rows of the class 'film', 0 of 'song'`."""
    (label, count), *others = few
    told = [f"{count} of {label!r}" for label, count in others[: MOST_TOLD - 1]]
    more = len(others) - len(told)
    return ", ".join([f"{count} calibration rows of the class {label!r}", *told]) + (
        f" and too few of {more} more" if more else ""
    )


def _told(task: TaskSet, has: str) -> str:
    return (
        f"the task set {task.name} has {has}, but a linear probe is trained on at least {LEAST_ROWS} of each class; add rows, deal more "
        f"of them to calibration with `split` in task.yml, or choose a classifier to answer instead: {HOW_TO_CHOOSE}"
    )


def _features(task: TaskSet, rows: Rows, device: str) -> ProgressGen[Tensor]:
    """The base's features of all rows, (rows, width) in float64."""
    base, kind = task.open_head(), task.asked
    assert isinstance(kind, Probed)
    found: dict[int, Tensor] = {}
    with exam_of({key: base.read(key) for key in base.specs}, task, rows, device) as exam:
        for group in batches(exam.encoded.lengths, POSITIONS.get(torch.device(device).type, POSITIONS["cpu"])):
            yield Progress("Training the linear probe", len(found), len(rows), task.title, "rows")
            with torch.inference_mode(), full_precision():
                found.update(zip(group, kind.features(exam, group), strict=True))
    return torch.stack([found[row] for row in range(len(rows))]).clone()


def _key(task: TaskSet, rows: Rows, device: str) -> str:
    base = task.open_head()
    how = [task.kind, list(task.labels), repr(task.chosen), small_hashes(files_folder(base)), device]
    return key_of(VERSION, base.content_hash(), rows.digest(), json.dumps(how))


def _decode(content: bytes) -> LinearProbe:
    return LinearProbe(**load(content))
