"""Reads the rows of a task from a table, as its kind understands them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mergelab.evaluation.kinds import Row, Rows, find_kind
from mergelab.evaluation.tasks.records import records
from mergelab.evaluation.tasks.splits import SPLIT_COLUMN, SPLITS, split_of


@dataclass(frozen=True)
class TableSpec:
    """How a table is read: the kind of task, its class names and settings, and the table's names for the kind's columns.

    `columns` pairs a column's name in the kind with its name in the table; a column that is not named has the kind's name.
    """

    kind: str
    labels: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    settings: Any = None


def read_table(path: Path, spec: TableSpec) -> dict[str, Rows]:
    """Rows by split, from the column `split` or, without one, by a hash of what is asked. Errors name the line."""
    by_split: dict[str, list[Row]] = {split: [] for split in SPLITS}
    for line, record in records(path):
        try:
            row = _row(record, spec)
            by_split[split_of(record, row.question or row.input)].append(row)
        except ValueError as error:
            raise ValueError(f"{path}, line {line}: {error}") from error
    if not any(by_split.values()):
        raise ValueError(f"{path} has no rows; give at least one row with {_wanted(spec)}")
    return {split: Rows.of(rows) for split, rows in by_split.items() if rows}


def _row(record: Mapping[str, Any], spec: TableSpec) -> Row:
    kind, named = find_kind(spec.kind), dict(spec.columns)
    cells = {}
    for column in kind.columns:
        name = named.get(column.name, column.name)
        if name in record:
            cells[column.name] = record[name]
        elif column.required:
            raise ValueError(f"there is no column {name!r}; the columns are {', '.join(map(repr, record))}")
    settings = spec.settings if spec.settings is not None else kind.settings()
    return kind.row({**record, **cells}, spec.labels, settings)


def _wanted(spec: TableSpec) -> str:
    named = dict(spec.columns)
    names = [repr(named.get(each.name, each.name)) for each in find_kind(spec.kind).columns if each.required]
    return " and ".join(names) or repr(SPLIT_COLUMN)
