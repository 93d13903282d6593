"""Reads the rows of a task from its tables, as its kind understands them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mergelab.evaluation.kinds import Row, Rows, find_kind
from mergelab.evaluation.tasks.tables.limits import check_count
from mergelab.evaluation.tasks.tables.record import Record
from mergelab.evaluation.tasks.tables.records import records
from mergelab.evaluation.tasks.tables.splits import BY_CONTENT, SPLIT_COLUMN, SPLITS, Dealing
from mergelab.evaluation.tasks.task_error import TaskProblems

Part = tuple[str, Path]
"""A file with rows, and the split that they belong to; the empty split stands for a file whose rows are dealt."""


@dataclass(frozen=True)
class TableSpec:
    """How a table is read: the kind of task, its class names and settings, and the table's names for the kind's columns.

    `columns` pairs a column's name in the kind with its name in the table; a column that is not named has the kind's name.
    """

    kind: str
    labels: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    settings: Any = None
    dealing: Dealing = BY_CONTENT


@dataclass(frozen=True)
class PlacedRow:
    """A row with its split, and the file and line that it comes from."""

    split: str
    place: str
    row: Row


def read_table(path: Path, spec: TableSpec) -> dict[str, Rows]:
    """Rows by split of one file, from its column of splits or, without one, by a hash of what is asked."""
    return read_parts([("", path)], spec)


def read_parts(parts: Sequence[Part], spec: TableSpec) -> dict[str, Rows]:
    """Rows by split of several files. Raises `TaskError` for the first problem, with its file and line."""
    by_split: dict[str, list[Row]] = {split: [] for split in SPLITS}
    for placed in placed_rows(parts, spec, TaskProblems()):
        by_split[placed.split].append(placed.row)
    return {split: Rows.of(rows) for split, rows in by_split.items() if rows}


def placed_rows(parts: Sequence[Part], spec: TableSpec, problems: TaskProblems) -> Iterator[PlacedRow]:
    """All rows in the order of the files; what is wrong goes to `problems`."""
    count = 0
    for split, path in parts:
        before = count
        for placed in _file_rows(split, path, spec, problems):
            count += 1
            check_count(path, count)
            yield placed
        if count == before and not problems.found:
            problems.stop(f"{path} has no rows; give at least one row with {_wanted(spec)}")


def _file_rows(split: str, path: Path, spec: TableSpec, problems: TaskProblems) -> Iterator[PlacedRow]:
    dealt: str | bool | None = False
    for record in records(path, problems):
        if dealt is False:
            dealt = spec.dealing.column_in(record.cells)
        try:
            row = _row(record, spec)
            _check_dealing(record, spec.dealing, dealt, split)
            yield PlacedRow(split or spec.dealing.split_of(record.cells, row.question or row.input), record.place, row)
        except ValueError as error:
            problems.add(f"{record.place}: {error}")


def _check_dealing(record: Record, dealing: Dealing, dealt: str | bool | None, split: str) -> None:
    """Refuse rows of one file that are dealt in two ways."""
    if not split and dealing.column_in(record.cells) != dealt:
        raise ValueError(f"some rows have a {SPLIT_COLUMN!r} and some have none; give it in all rows or in none")


def _row(record: Record, spec: TableSpec) -> Row:
    kind, named = find_kind(spec.kind), dict(spec.columns)
    cells = {}
    for column in kind.columns:
        name = named.get(column.name, column.name)
        if name in record.cells:
            cells[column.name] = record.cells[name]
        elif column.required:
            raise ValueError(f"there is no column {name!r}; the columns are {', '.join(map(repr, record.cells))}")
    settings = spec.settings if spec.settings is not None else kind.settings()
    return kind.row({**record.cells, **cells}, spec.labels, settings)


def _wanted(spec: TableSpec) -> str:
    named = dict(spec.columns)
    names = [repr(named.get(each.name, each.name)) for each in find_kind(spec.kind).columns if each.required]
    return " and ".join(names) or repr(SPLIT_COLUMN)
