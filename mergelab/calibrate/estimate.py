"""The Fisher of a body on a task's calibration rows, in the base's file keys, kept on disk."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from torch import Tensor

from mergelab.calibrate.cache import keep_statistic, key_of, load_statistic
from mergelab.calibrate.fisher import Request, fisher_steps
from mergelab.checkpoints import Checkpoint, hash_state, open_checkpoint
from mergelab.progress import Progress, Steps
from mergelab.tasks import Answering, Rows, TaskSet, answering, encode
from mergelab.tasks.kinds import file_stamps

VERSION = 1
"""Raise it when the estimate's arithmetic changes: statistics of other versions are not found again."""


def estimate_fisher(
    body: Mapping[str, Tensor],
    task: TaskSet,
    *,
    rows: int | None = 512,
    estimator: str = "exact",
    samples: int = 1,
    seed: int = 0,
    device: str = "cpu",
    cache: bool = True,
    keys: Collection[str] | None = None,
) -> Steps[dict[str, Tensor]]:
    """Diagonal Fisher of `body` (base file keys) under the task's head, on a fixed class-mixed set of calibration rows.

    Gives float32 >= 0 for each floating tensor of the body, or for `keys` of them; the head takes part in the model but not in
    the result. See `directions` for the estimators. With `cache`, equal content is estimated once.
    """
    chosen, head = task.rows("calibration", rows), open_checkpoint(task.head)
    wanted = _wanted(body, keys)
    request = Request(None, estimator, samples, seed)
    key = _key(body, head, task, chosen, request, wanted)
    yield Progress("Fisher", 0, len(chosen), task.title)
    found = load_statistic(key) if cache else None
    if found is None:
        found = yield from _estimated(body, head, task, chosen, request, wanted, device)
        if cache:
            keep_statistic(key, found)
    return found


def _wanted(body: Mapping[str, Tensor], keys: Collection[str] | None) -> tuple[str, ...]:
    unknown = sorted(set(keys or ()) - body.keys())
    if unknown:
        raise ValueError(f"the model has no tensor {unknown[0]!r} to estimate the Fisher of")
    return tuple(sorted(key for key in (body if keys is None else keys) if body[key].is_floating_point()))


def _estimated(
    body: Mapping[str, Tensor],
    head: Checkpoint,
    task: TaskSet,
    rows: Rows,
    request: Request,
    wanted: tuple[str, ...],
    device: str,
) -> Steps[dict[str, Tensor]]:
    with answering(body, head, task.kind, device=device, attention="eager") as lent:
        names = _parameters(lent, head, wanted)
        encoded = encode(task.kind, rows, head, lent.config)
        request = Request(set(names.values()), request.estimator, request.samples, request.seed)
        squares = yield from fisher_steps(lent.model, encoded, rows.labels, request, title=task.title)
    return {key: squares[name] for key, name in names.items()}


def _parameters(lent: Answering, head: Checkpoint, wanted: tuple[str, ...]) -> dict[str, str]:
    """The model's parameter for each body key that has one; buffers and what the head's model lacks are left out."""
    if not lent.names:
        raise ValueError(
            f"the weights of {head.name} are rearranged on loading, so its Fisher cannot be given by file keys"
        )
    parameters = {name for name, _ in lent.model.named_parameters(remove_duplicate=False)}
    return {key: lent.names[key] for key in wanted if lent.names.get(key) in parameters}


def _key(
    body: Mapping[str, Tensor], head: Checkpoint, task: TaskSet, rows: Rows, request: Request, wanted: tuple[str, ...]
) -> str:
    return key_of(
        {
            "version": VERSION,
            "body": hash_state(body),
            "head": head.content_hash(),
            "config": repr(sorted(head.config.items())),
            "files": file_stamps(head.folder),
            "kind": task.kind,
            "rows": rows.digest(),
            "estimator": [request.estimator, request.samples, request.seed],
            "keys": wanted,
        }
    )
