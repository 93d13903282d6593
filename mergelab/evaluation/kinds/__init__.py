"""Kinds of task, one file each. Importing the package registers all of them."""

from __future__ import annotations

import importlib
import pkgutil

from mergelab.evaluation.kinds.encode import encode
from mergelab.evaluation.kinds.encoded import Encoded
from mergelab.evaluation.kinds.rows import Row, Rows
from mergelab.evaluation.kinds.task_kind import KINDS, Answer, Exam, Response, TaskKind, find_kind, without_probe

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = [
    "KINDS",
    "Answer",
    "Encoded",
    "Exam",
    "Response",
    "Row",
    "Rows",
    "TaskKind",
    "encode",
    "find_kind",
    "without_probe",
]
