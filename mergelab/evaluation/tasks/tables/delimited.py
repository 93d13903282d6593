"""Reads CSV and TSV: all cells are texts, and quoted ones may hold separators and line breaks."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from mergelab.evaluation.tasks.tables.limits import MOST_COLUMNS
from mergelab.evaluation.tasks.tables.record import Record
from mergelab.evaluation.tasks.task_error import TaskProblems


def read_csv(path: Path, text: str, problems: TaskProblems) -> Iterator[Record]:
    """The records of a CSV text whose first line names the columns."""
    return _records(path, text, ",", problems)


def read_tsv(path: Path, text: str, problems: TaskProblems) -> Iterator[Record]:
    """The records of a text whose columns are separated by tabs."""
    return _records(path, text, "\t", problems)


def _records(path: Path, text: str, delimiter: str, problems: TaskProblems) -> Iterator[Record]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    start = 1
    try:
        for cells in reader:
            place, start = f"{path}, line {start}", reader.line_num + 1
            if cells and header is None:
                header = _header(cells, place, problems)
            elif cells and header is not None:
                if len(cells) == len(header):
                    yield Record(place, dict(zip(header, cells, strict=True)))
                else:
                    problems.add(f"{place}: {_told(len(cells), len(header))}")
    except csv.Error as error:
        problems.stop(f"{path}, line {start}: {error}; check the quotes")


def _header(cells: list[str], place: str, problems: TaskProblems) -> list[str]:
    twice = [name for number, name in enumerate(cells) if name in cells[:number]]
    if twice:
        problems.stop(f"{place}: a column name occurs twice: {', '.join(map(repr, twice))}; rename one of them")
    if len(cells) > MOST_COLUMNS:
        problems.stop(f"{place}: {len(cells):,} columns, more than the {MOST_COLUMNS:,} allowed; check the separator")
    return cells


def _told(found: int, wanted: int) -> str:
    return f"{found} cells, but the header has {wanted}; quote texts that hold the separator"
