"""From the task set that a person names to one that can be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from mergelab.checkpoints import Checkpoint
from mergelab.evaluation.kinds import TaskKind, find_kind
from mergelab.evaluation.tasks.own.given_task import GivenTask, as_given
from mergelab.evaluation.tasks.own.heads import PROBE, Head, head_for, nearest_head, opened_head
from mergelab.evaluation.tasks.own.label_values import is_number, label_values
from mergelab.evaluation.tasks.own.located import Located
from mergelab.evaluation.tasks.own.recognise import Recognised, recognise
from mergelab.evaluation.tasks.tables.records import records
from mergelab.evaluation.tasks.tables.table import Part
from mergelab.evaluation.tasks.task_error import TaskError, TaskProblems
from mergelab.evaluation.tasks.task_set import TaskSet
from mergelab.methods.knobs import nearest

LABEL = "label"
"""The column of a classification with the class of a row."""
LOOKED_AT = 100
"""Records whose columns are looked at: JSON lines may leave out columns that are not required."""


@dataclass(frozen=True)
class OwnTask:
    """A task set whose files are found and whose kind is known, but not yet the model that answers it."""

    located: Located
    recognised: Recognised
    settings: Any
    labels: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    """`labels` are those listed in task.yml, `values` those that occur in the rows."""

    @property
    def kind(self) -> TaskKind:
        """The kind of task."""
        return find_kind(self.recognised.kind)

    def unanswered(self, models: Sequence[Checkpoint]) -> TaskSet:
        """The task set that none of `models` answers, with labels to check its rows by: listed ones, or else the nearest."""
        return self.task_set(Head(None, self.labels) if self.labels else nearest_head(self.values, models))

    def task_set(self, head: Head) -> TaskSet:
        """The task set that is answered by `head`."""
        said, found = self.located.description, self.located
        return TaskSet(
            name=found.name,
            title=said.title or found.name,
            kind=self.kind.name,
            labels=head.labels,
            head=head.model.name if head.model else "",
            path=found.path,
            columns=self.recognised.columns,
            settings=self.settings,
            source=said.source or found.source,
            licence=said.licence,
            parts=found.parts,
            dealing=said.dealing,
            notes=(*found.notes, *head.notes),
            origin=found.origin,
            lent=head.model,
        )

    def answered_by(
        self, models: Sequence[Checkpoint] = (), head: str | None = None, models_dir: Path | None = None
    ) -> TaskSet:
        """The task set with the model that answers it.

        That is `head`, or the head in task.yml. Otherwise it is the first of `models` (the base) for kinds without a head of
        their own, and for classifications the one of `models` whose class names are the task's. Raises `TaskError` if none or
        several fit. With `probe` in place of a head, a linear probe on the base's features answers.
        """
        reference = head or self.located.description.head
        if reference == PROBE or self.kind.is_probe:
            return self._probed(models[0] if models else None)
        named = opened_head(reference, models, models_dir) if reference else None
        if not self.kind.own_head:
            return self.task_set(Head(named or (models[0] if models else None)))
        found = head_for(self.labels or self.values, bool(self.labels), named, models)
        return self.task_set(self._with_numbers(found))

    def _probed(self, base: Checkpoint | None) -> TaskSet:
        """The task set that a linear probe answers, which is trained on the features of `base`."""
        kind = self.kind.name if self.kind.is_probe else self.kind.probed_as
        if not kind:
            raise TaskError(
                f"{self.located.name} is of kind {self.kind.name}, which needs no head; leave out the probe, which answers classifications"
            )
        settings = self.settings if self.kind.is_probe else find_kind(kind).settings()
        trained_on = base.name if base else "the base"
        note = (
            f"{self.located.name}: a linear probe answers, a logistic regression on the features of {trained_on}; it is trained on the "
            "calibration rows, and is the same one for every model"
        )
        asked = replace(self, recognised=replace(self.recognised, kind=kind), settings=settings)
        found = asked.task_set(Head(base, self.labels or self.values, (note,)))
        return replace(found, title=f"{found.title} (linear probe)")

    def _with_numbers(self, head: Head) -> Head:
        """Labels that are numbers count the classes in the order of `labels`, or else of the head's outputs."""
        numbers = bool(self.values) and all(map(is_number, self.values)) and not set(self.values) <= set(head.labels)
        if not numbers or head.model is None:
            return head
        if self.labels and self.labels != head.labels:
            raise TaskError(
                f"the rows of {self.located.name} give labels by number, in the order of `labels` in task.yml, but the outputs of "
                f"{head.model.name} are in the order {', '.join(head.labels)}; write the names in the rows, or list `labels` in this order"
            )
        read = ", ".join(f"{number} = {label}" for number, label in enumerate(head.labels))
        note = f"{self.located.name}: labels are numbers of the outputs of {head.model.name}: {read}"
        return Head(head.model, head.labels, (*head.notes, note))


def open_task(task: str | GivenTask, models_dir: Path | None = None, problems: TaskProblems | None = None) -> OwnTask:
    """The task set that a person gives or names: a file, a folder (with or without task.yml), or a data set of the Hub.

    Raises `TaskError` if it is not there, or if its files, its kind or its columns are not clear.
    """
    problems = problems or TaskProblems()
    located = as_given(task).located(models_dir)
    return recognised_task(located, table_columns(located.parts), problems)


def recognised_task(located: Located, columns: Sequence[str], problems: TaskProblems) -> OwnTask:
    """The task set in these files, whose table has these columns. Raises `TaskError` if its kind or its columns are not clear."""
    said = located.description
    try:
        recognised = recognise(said.kind, said.columns, columns)
        kind = find_kind(recognised.kind)
        if said.head == PROBE and kind.probed_as:
            recognised, kind = replace(recognised, kind=kind.probed_as), find_kind(kind.probed_as)
        settings = kind.settings_of(said.settings)
    except ValueError as error:
        raise TaskError(f"{located.path}: {error}") from error
    _check_dealing(located, columns)
    values: tuple[str, ...] = ()
    if kind.has_classes:
        named = dict(recognised.columns).get(LABEL, LABEL)
        values = label_values(located.parts, named, problems.like_this)
    return OwnTask(located, recognised, settings, said.labels, values)


def table_columns(parts: Sequence[Part]) -> list[str]:
    """The columns of the first table, in their order. Raises `TaskError` if it has no row that can be read."""
    _, first = parts[0]
    problems = TaskProblems(most=LOOKED_AT, counts_on=True)  # those of single rows are told when all rows are read
    found = {column: None for record in islice(records(first, problems), LOOKED_AT) for column in record.cells}
    if not found:
        problems.raise_if_any()
        raise TaskError(f"{first} has no rows; give it a line with the names of the columns, and at least one row")
    return list(found)


def _check_dealing(located: Located, columns: Sequence[str]) -> None:
    """Refuse a `split` in task.yml that the files do not allow."""
    said = located.description
    if said.dealing_given and any(split for split, _ in located.parts):
        raise TaskError(
            f"{located.path}: the files already say the splits; leave out `split` in task.yml, or name one file"
        )
    if said.dealing.column and said.dealing.column not in columns:
        raise TaskError(
            f"{located.path}: split: the table has no column {said.dealing.column!r}{nearest(said.dealing.column, columns)}"
        )
