"""Computes a statistic of a body on a task's calibration rows, by the base's file keys, with a disk cache."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from torch import Tensor

from mergelab.checkpoints import Checkpoint, hash_state
from mergelab.evaluation.calibration.statistic_cache import keep_statistic, key_of, load_statistic
from mergelab.evaluation.calibration.statistic_spec import CalibrationSession, StatisticSpec
from mergelab.evaluation.kinds import Rows, encode
from mergelab.evaluation.kinds.encode import files_folder, small_hashes
from mergelab.evaluation.task_models import TaskModel, task_model
from mergelab.evaluation.tasks import TaskSet
from mergelab.runtime.progress import Progress, ProgressGen

VERSION = 2
"""Increase it when the arithmetic of a statistic changes, so that cached ones are not used any more."""


def estimate(
    body: Mapping[str, Tensor],
    task: TaskSet,
    measure: StatisticSpec,
    *,
    rows: int | None = 512,
    device: str = "cpu",
    cache: bool = True,
    keys: Collection[str] | None = None,
) -> ProgressGen[dict[str, Tensor]]:
    """The statistic `measure` of `body` (base file keys) with the task's head, on a fixed stratified set of rows.

    Returns a float32 tensor for each floating-point tensor of the body, or of `keys`, that has the statistic. The head is
    part of the model but not of the result. With `cache`, a result for the same content is reused.
    """
    chosen, head = task.rows("calibration", rows), task.open_head()
    wanted = _wanted(body, keys)
    key = _key(body, task, head, chosen, measure, wanted)
    yield Progress(measure.title, 0, len(chosen), task.title, "rows")
    found = load_statistic(key) if cache else None
    if found is None:
        found = yield from _measured(body, task, head, chosen, measure, wanted, device)
        if cache:
            keep_statistic(key, found)
    return found


def question_facts(task: TaskSet, head: Checkpoint, rows: Rows) -> dict[str, object]:
    """Everything besides the body that determines the answers to a task: the head, its files and the rows."""
    return {
        "head": head.content_hash(),
        "config": repr(sorted(head.config.items())),
        "files": small_hashes(files_folder(head)),
        "kind": task.kind,
        "rows": rows.digest(),
    }


def slots_of(lent: TaskModel, head: Checkpoint) -> Mapping[str, str]:
    """The tensor in the answering model for each of the body's keys.

    Raises ValueError for architectures that rearrange weights on loading.
    """
    if not lent.names:
        raise ValueError(
            f"the weights of {head.name} are rearranged on loading, so statistics by file key are not available"
        )
    return lent.names


def _wanted(body: Mapping[str, Tensor], keys: Collection[str] | None) -> tuple[str, ...]:
    unknown = sorted(set(keys or ()) - body.keys())
    if unknown:
        raise ValueError(f"the model has no tensor {unknown[0]!r}, for which a statistic was requested")
    return tuple(sorted(key for key in (body if keys is None else keys) if body[key].is_floating_point()))


def _measured(
    body: Mapping[str, Tensor],
    task: TaskSet,
    head: Checkpoint,
    rows: Rows,
    measure: StatisticSpec,
    wanted: tuple[str, ...],
    device: str,
) -> ProgressGen[dict[str, Tensor]]:
    with task_model(body, head, task.kind, device=device, attention=measure.attention) as lent:
        names = _parameters(lent, head, wanted)
        encoded = encode(task.kind, rows, head, lent.config, task.chosen)
        session = CalibrationSession(lent.model, encoded, rows.labels, frozenset(names.values()), task.title)
        found = yield from measure.take(session)
    return {key: found[name] for key, name in names.items() if name in found}


def _parameters(lent: TaskModel, head: Checkpoint, wanted: tuple[str, ...]) -> dict[str, str]:
    """The model's parameter for each of the body's keys, except for buffers and tensors that the head's model lacks."""
    slots = slots_of(lent, head)
    parameters = {name for name, _ in lent.model.named_parameters(remove_duplicate=False)}
    return {key: slots[key] for key in wanted if slots.get(key) in parameters}


def _key(
    body: Mapping[str, Tensor],
    task: TaskSet,
    head: Checkpoint,
    rows: Rows,
    measure: StatisticSpec,
    wanted: tuple[str, ...],
) -> str:
    return key_of(
        {
            "version": VERSION,
            "body": hash_state(body),
            "measure": repr(measure),
            "keys": wanted,
            **question_facts(task, head, rows),
        }
    )
