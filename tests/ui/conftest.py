"""What several tests of the page ask for."""

from __future__ import annotations

import pytest

from mergelab.ui.session.merge_service import MergeService
from mergelab.ui.session.render.scores_by_model import TaskFace


@pytest.fixture
def one_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny models come with a task set, as a suite's do."""
    monkeypatch.setattr(MergeService, "tasks", lambda self, form: {"task-a": TaskFace("Task A", "tiny/a")})


@pytest.fixture
def two_tasks(one_task: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny models come with two task sets."""
    tasks = {"task-a": TaskFace("Task A", "tiny/a"), "task-b": TaskFace("Task B", "tiny/b")}
    monkeypatch.setattr(MergeService, "tasks", lambda self, form: tasks)
