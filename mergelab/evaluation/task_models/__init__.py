"""Models in front of a task's rows: built by transformers from a merged body and a head, and asked in batches."""

from __future__ import annotations

from mergelab.evaluation.task_models.task_model import TaskModel, task_model

__all__ = ["TaskModel", "task_model"]
