"""Reads a user's labelled texts from CSV, TSV or JSON lines with a text and a label column."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from mergelab.evaluation.tasks.rows import Rows
from mergelab.evaluation.tasks.stored import SPLITS

SPLIT_COLUMN = "split"
ALIASES = {"train": "calibration", "training": "calibration", "dev": "validation", "val": "validation"}
DELIMITERS = {".csv": ",", ".tsv": "\t"}

Record = tuple[int, Mapping[str, Any]]
"""Line number in the file, and the row's columns."""


@dataclass(frozen=True)
class Columns:
    """The names of the text and label columns."""

    text: str = "text"
    label: str = "label"


def read_table(path: Path, labels: tuple[str, ...], columns: Columns) -> dict[str, Rows]:
    """Rows by split, from the column `split` or, without one, by a hash of the text.

    The hash gives ¼ calibration, ¼ validation and ½ test rows. Values are not interpreted: "NA" and "null" are ordinary
    texts and labels. A label is a class name, or a class number if no class name is a number. Errors name the line.
    """
    numbers = _label_numbers(labels)
    by_split: dict[str, list[tuple[str, int]]] = {split: [] for split in SPLITS}
    for line, record in _records(path):
        where = f"{path}, line {line}"
        text, label = _cell(record, columns.text, where), _cell(record, columns.label, where)
        if not isinstance(text, str):
            raise ValueError(f"{where}: {columns.text!r} must be text, got {text!r}")
        by_split[_split(record, text, where)].append((text, _number(label, numbers, where, labels)))
    if not any(by_split.values()):
        raise ValueError(f"{path} has no rows; give at least one row with {columns.text!r} and {columns.label!r}")
    return {split: _rows(pairs) for split, pairs in by_split.items() if pairs}


def _records(path: Path) -> Iterator[Record]:
    suffix = path.suffix.lower()
    if suffix in DELIMITERS:
        return _csv_records(path, _text(path), DELIMITERS[suffix])
    if suffix in (".jsonl", ".ndjson"):
        return _json_records(path, _text(path))
    raise ValueError(f"{path.name}: rows can be read from .csv, .tsv and .jsonl files, got {suffix or 'no ending'!r}")


def _text(path: Path) -> str:
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path}, line {line}: this is not UTF-8 text; save the file as UTF-8") from error


def _csv_records(path: Path, text: str, delimiter: str) -> Iterator[Record]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    start = 1
    try:
        for cells in reader:
            if cells and header is None:
                header = _header(cells, path)
            elif cells and header is not None:
                yield start, _row(cells, header, f"{path}, line {start}")
            start = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"{path}, line {start}: {error}; check the quotes") from error


def _header(cells: list[str], path: Path) -> list[str]:
    if len(set(cells)) < len(cells):
        raise ValueError(f"{path}, line 1: a column name occurs twice: {', '.join(cells)}")
    return cells


def _row(cells: list[str], header: list[str], where: str) -> dict[str, str]:
    if len(cells) != len(header):
        raise ValueError(
            f"{where}: {len(cells)} cells, but the header has {len(header)}; quote texts that hold the separator"
        )
    return dict(zip(header, cells, strict=True))


def _json_records(path: Path, text: str) -> Iterator[Record]:
    for line, raw in enumerate(text.split("\n"), start=1):  # not splitlines: a JSON string may contain U+2028
        if not raw.strip():
            continue
        try:
            record = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path}, line {line}: not JSON ({error})") from error
        if not isinstance(record, dict):
            raise ValueError(f"{path}, line {line}: expected a JSON object, got {type(record).__name__}")
        yield line, record


def _cell(record: Mapping[str, Any], column: str, where: str) -> Any:
    if column not in record:
        raise ValueError(f"{where}: there is no column {column!r}; the columns are {', '.join(map(repr, record))}")
    return record[column]


def _label_numbers(labels: tuple[str, ...]) -> dict[str, int]:
    numbers = {label: number for number, label in enumerate(labels)}
    if not any(label.strip().isdigit() for label in labels):
        numbers |= {str(number): number for number in range(len(labels))}
    return numbers


def _number(label: Any, numbers: Mapping[str, int], where: str, labels: tuple[str, ...]) -> int:
    name = str(label) if type(label) in (str, int) else None
    if name is None or name not in numbers:
        raise ValueError(f"{where}: unknown label {label!r}; the labels are {', '.join(map(repr, labels))}")
    return numbers[name]


def _split(record: Mapping[str, Any], text: str, where: str) -> str:
    if SPLIT_COLUMN not in record:
        return _split_by_hash(text)
    name = str(record[SPLIT_COLUMN]).strip().lower()
    split = ALIASES.get(name, name)
    if split not in SPLITS:
        raise ValueError(f"{where}: unknown split {record[SPLIT_COLUMN]!r}; known: {', '.join(SPLITS)}")
    return split


def _split_by_hash(text: str) -> str:
    """The split of a text, by a hash of its content: equal texts are never in two splits, and order does not matter."""
    quarter = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[0] // 64
    return ("calibration", "validation", "test", "test")[quarter]


def _rows(pairs: list[tuple[str, int]]) -> Rows:
    return Rows(tuple(text for text, _ in pairs), torch.tensor([label for _, label in pairs]))
