"""The calibration rows on which a merged language model is asked, beside the models that it was made from."""

from __future__ import annotations

from mergelab.analysis.health.health_subject import HealthSubject
from mergelab.evaluation.tasks import TaskSet
from mergelab.evaluation.tasks.own.how_to_say import HOW_TO_GIVE

SPLIT = "calibration"
ROWS = 64
"""Rows of each task set: they show what is broken, which takes few; scores tell the rest."""


def asked_tasks(subject: HealthSubject, kind: str) -> list[TaskSet]:
    """The task sets of this kind that have calibration rows."""
    return [task for task in subject.tasks if task.kind == kind and len(task.splits().get(SPLIT, ()))]


def no_rows(kind: str) -> str:
    """Why nothing was measured, and how to give rows."""
    return f"Not measured: there are no calibration rows of kind {kind}. Give a task set of this kind {HOW_TO_GIVE} (docs/tasks.md)."
