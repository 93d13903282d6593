"""A task set as a person gives it to a job: what names it, who answers it, and what a task.yml would say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mergelab.evaluation.tasks.own.located import Located, locate

Said = Mapping[str, Any]
"""Fields of a task.yml."""


@dataclass(frozen=True)
class GivenTask:
    """A task set that `reference` names.

    `expert` is the model that answers it, "" where its labels or its task.yml tell. `said` are fields of a task.yml that go
    before those of the task set's own. A task set that was uploaded is in `folder`, the only folder in which its files may be;
    others may be in the models folder, if there is one.
    """

    reference: str
    expert: str = ""
    said: Said = field(default_factory=dict)
    folder: str = ""

    def located(self, models_dir: Path | None = None) -> Located:
        """Its files with what is said of them. Raises `TaskError` for what is not there or not clear."""
        if not self.folder:
            return locate(self.reference, models_dir, self.said)
        return replace(locate(self.reference, Path(self.folder), self.said), uploaded=True)


def as_given(task: str | GivenTask) -> GivenTask:
    """A task set that is named by a text alone, or the given one."""
    return task if isinstance(task, GivenTask) else GivenTask(task)
