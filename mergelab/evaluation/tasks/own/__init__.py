"""Task sets of a person's own: files, folders and data sets of the Hub, with or without a task.yml."""

from __future__ import annotations

from mergelab.evaluation.tasks.own.given_task import GivenTask, Said
from mergelab.evaluation.tasks.own.own_task import OwnTask, open_task

__all__ = ["GivenTask", "OwnTask", "Said", "open_task"]
