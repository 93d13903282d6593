"""Task sets: labelled rows, and the model that answers them. A module that registers a kind of task is found by itself."""

from __future__ import annotations

import importlib
import pkgutil

from mergelab.evaluation.tasks.kinds import KINDS, Encoded, Kind, encode, kind
from mergelab.evaluation.tasks.rows import Rows
from mergelab.evaluation.tasks.task_model import TaskModel, task_model
from mergelab.evaluation.tasks.task_set import TaskSet, labels_of, suite_tasks, task_from_file

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = [
    "KINDS",
    "Encoded",
    "Kind",
    "Rows",
    "TaskModel",
    "TaskSet",
    "encode",
    "kind",
    "labels_of",
    "suite_tasks",
    "task_from_file",
    "task_model",
]
