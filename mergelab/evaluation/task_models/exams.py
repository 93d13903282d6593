"""A model in front of rows: its body with the task's head, and the rows as its inputs."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor

from mergelab.evaluation.kinds import Exam, Rows, encode
from mergelab.evaluation.task_models.task_model import task_model
from mergelab.evaluation.tasks import TaskSet


@contextmanager
def exam_of(
    body: Mapping[str, Tensor], task: TaskSet, rows: Rows, device: str, probe: Any = None
) -> Generator[Exam, None, None]:
    """Context manager with `body` in front of `rows`; `probe` answers for kinds that need one."""
    head = task.open_head()
    with task_model(body, head, task.kind, device=device) as lent:
        encoded = encode(task.kind, rows, head, lent.config, task.chosen)
        yield Exam(lent.model, lent.config, head, rows, encoded, task.labels, task.chosen, task.name, device, probe)
