"""Reads the records of a table, whatever its format."""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from pathlib import Path

from mergelab.evaluation.tasks.tables import delimited, json_lines, parquet
from mergelab.evaluation.tasks.tables.limits import check_cell, check_count, check_size
from mergelab.evaluation.tasks.tables.record import Record
from mergelab.evaluation.tasks.task_error import TaskProblems

PACKED = ".xz"
READERS = {
    ".csv": delimited.read_csv,
    ".tsv": delimited.read_tsv,
    ".jsonl": json_lines.read_json_lines,
    ".ndjson": json_lines.read_json_lines,
}
ENDINGS = (*READERS, parquet.ENDING)


def records(path: Path, problems: TaskProblems | None = None) -> Iterator[Record]:
    """The records of a file, in order. Values are not interpreted: cells of CSV are texts, and "NA" is one of them.

    What is wrong goes to `problems`, with the file and the line: what is not UTF-8, not JSON, not in the header's columns, of
    a second type in its column, or beyond the limits. Without `problems`, the first is raised as `TaskError`.
    """
    problems = problems or TaskProblems()
    for count, record in enumerate(_read(path, problems), start=1):
        check_count(path, count)
        try:
            for column, value in record.cells.items():
                check_cell(column, value)
        except ValueError as error:
            problems.add(f"{record.place}: {error}")
        else:
            yield record


def is_table(path: Path) -> bool:
    """Whether the file's ending is that of a table."""
    return path.suffix.lower() in ENDINGS


def _read(path: Path, problems: TaskProblems) -> Iterator[Record]:
    packed = path.suffix == PACKED
    suffix = Path(path.stem if packed else path).suffix.lower()
    if suffix == parquet.ENDING and not packed:
        return parquet.read_parquet(path, problems)
    if suffix not in READERS:
        problems.stop(f"{path.name}: rows can be read from {', '.join(ENDINGS)} files, got {suffix or 'no ending'!r}")
    return READERS[suffix](path, _text(path, packed, problems), problems)


def _text(path: Path, packed: bool, problems: TaskProblems) -> str:
    check_size(path)
    raw = unpacked(path) if packed else path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problems.stop(f"{path}, line {line}: this is not UTF-8 text; save the file as UTF-8")


def unpacked(path: Path) -> bytes:
    """The content of an xz-compressed file of a suite."""
    try:
        return lzma.decompress(path.read_bytes())
    except (OSError, lzma.LZMAError) as error:
        raise ValueError(f"cannot read the rows in {path}: {error}; unpack or build its suite again") from error
