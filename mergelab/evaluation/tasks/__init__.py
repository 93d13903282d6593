"""Task sets: rows with the way to ask them, from a suite or from a person's own files."""

from __future__ import annotations

from mergelab.evaluation.tasks.task_error import TaskError
from mergelab.evaluation.tasks.task_set import TaskSet, labels_of, suite_tasks, task_from_file

__all__ = ["TaskError", "TaskSet", "labels_of", "suite_tasks", "task_from_file"]
