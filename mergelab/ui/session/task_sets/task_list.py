"""One visitor's list of task sets: those that are given by path, the uploaded ones, and what was corrected of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from mergelab.evaluation.kinds import KINDS, without_probe
from mergelab.evaluation.tasks import TaskError
from mergelab.evaluation.tasks.own import GivenTask, Said
from mergelab.evaluation.tasks.own.heads import PROBE
from mergelab.evaluation.tasks.own.task_look import TaskLook
from mergelab.jobs.task_sets.own_tasks import given_task
from mergelab.ui.messages import TaskCorrection

SeenModels = tuple[str, tuple[str, ...]]
"""The base and the experts."""
MOST_SETS = 50
"""How many task sets a page takes."""


@dataclass(frozen=True)
class ListedTask:
    """A task set of the list. `line` is what was typed, "" for an upload. `recognised` is its kind before any correction, `look`
    what was seen of it last, `looked` for which task set and models, and `kept` its place in the models folder."""

    key: int
    line: str
    given: GivenTask
    correction: TaskCorrection | None = None
    recognised: str = ""
    look: TaskLook | None = None
    looked: tuple[GivenTask, SeenModels] | None = None
    kept: str = ""

    @property
    def uploaded(self) -> bool:
        """Whether it was uploaded."""
        return bool(self.given.folder)

    @property
    def name(self) -> str:
        """What it is called on the page: its file or folder."""
        return Path(self.given.reference).name or self.given.reference

    @property
    def corrected(self) -> GivenTask:
        """The task set with what the person says of it."""
        said = _said_after(self.given.said, self.correction, self.recognised) if self.correction else self.given.said
        return replace(self.given, expert="" if said.get("head") else self.given.expert, said=said)

    def is_seen(self, models: SeenModels) -> bool:
        """Whether it was looked at as it is, beside these models."""
        return self.looked == (self.corrected, models)

    def seen(self, look: TaskLook, models: SeenModels = ("", ())) -> ListedTask:
        """The same after a look at it beside these models."""
        recognised = self.recognised if self.correction else look.report.kind
        return replace(self, look=look, looked=(self.corrected, models), recognised=recognised)


@dataclass
class TaskList:
    """The task sets in their order: typed ones as they were typed, then uploads."""

    tasks: list[ListedTask] = field(default_factory=list)
    _numbers: Any = field(default_factory=lambda: count(1))

    def follow_lines(
        self, lines: Sequence[str], experts: Collection[str], linked: Mapping[str, Said] | None = None
    ) -> None:
        """List exactly the typed task sets, one per line, beside the uploads. One that was listed keeps its corrections, unless
        `linked` is what a link says of each, by its line.

        Raises `TaskError` if there are too many, or for an expert that is not among those of the models.
        """
        uploads = [task for task in self.tasks if task.uploaded]
        _check_count(len(lines) + len(uploads))
        known = {task.line: task for task in self.tasks if not task.uploaded and linked is None}
        typed = []
        for line in dict.fromkeys(lines):
            given = replace(given_task(line, experts), said=(linked or {}).get(line, {}))
            listed = known.get(line)
            kept = listed and replace(listed, given=replace(given, said=listed.given.said))
            typed.append(kept or self._new(line, given))
        self.tasks = [*typed, *uploads]

    def add(self, uploads: Sequence[GivenTask]) -> None:
        """List uploaded task sets. Raises `TaskError` if there are too many."""
        _check_count(len(self.tasks) + len(uploads))
        self.tasks += [self._new("", given) for given in uploads]

    def replace(self, task: ListedTask) -> None:
        """Put a task set in the place of the one with its number, if that is still listed."""
        self.tasks = [task if each.key == task.key else each for each in self.tasks]

    def remove(self, key: int) -> None:
        """Take a task set off the list."""
        self.tasks = [task for task in self.tasks if task.key != key]

    def find(self, key: int) -> ListedTask | None:
        """The task set with this number."""
        return next((task for task in self.tasks if task.key == key), None)

    @property
    def lines(self) -> list[str]:
        """What was typed."""
        return [task.line for task in self.tasks if task.line]

    def _new(self, line: str, given: GivenTask) -> ListedTask:
        return ListedTask(next(self._numbers), line, given)


def _check_count(number: int) -> None:
    if number > MOST_SETS:
        raise TaskError(
            f"{number} task sets are given; the page takes up to {MOST_SETS}, `mergelab evaluate` any number"
        )


def _said_after(before: Said, correction: TaskCorrection, recognised: str) -> Said:
    """What is said of a task set after a correction of its lists, which say all but what belongs to another list's choice."""
    kept = {name: value for name, value in before.items() if name != "head" or value is None}
    return {**kept, **_said(correction, recognised)}


def _said(correction: TaskCorrection, recognised: str) -> Said:
    """The fields of a task.yml that say the same. Settings belong to a kind, so those of another one are left out."""
    is_other = bool(correction.kind and recognised) and correction.kind != without_probe(recognised)
    columns = {own: name for own, name in correction.columns.items() if name}
    return {
        **({"kind": correction.kind} if correction.kind else {}),
        **({"columns": columns} if columns or is_other else {}),
        **({"settings": {}, "labels": None} if is_other else {}),
        **_head(correction, recognised),
    }


def _head(correction: TaskCorrection, recognised: str) -> Said:
    """Who answers. A probe answers only some kinds, and one of a task.yml is taken back by saying that no head is chosen."""
    kind, head = correction.kind or without_probe(recognised), correction.head
    if head == PROBE and kind in KINDS and not KINDS[kind].probed_as:
        head = ""
    was_probe = without_probe(recognised) != recognised
    return {"head": head or None} if head or was_probe else {}
