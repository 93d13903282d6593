"""What several tests of the page ask for."""

from __future__ import annotations

import pytest

from mergelab.ui.session.merge_service import MergeService
from mergelab.ui.session.score_tables import TaskFace


@pytest.fixture
def one_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny models come with a task set, as a suite's do."""
    monkeypatch.setattr(MergeService, "tasks", lambda self, form: {"task-a": TaskFace("Task A", "tiny/a")})
