"""Reads the records of a table: CSV, TSV or JSON lines, the latter also xz-compressed."""

from __future__ import annotations

import csv
import io
import json
import lzma
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

DELIMITERS = {".csv": ",", ".tsv": "\t"}
JSON_LINES = (".jsonl", ".ndjson")

Record = tuple[int, Mapping[str, Any]]
"""Line number in the file, and the record's cells by column."""


def records(path: Path) -> Iterator[Record]:
    """The records of a file, in order. Values are not interpreted: cells of CSV are texts, and "NA" is one of them.

    Raises `ValueError` naming file and line for what is not UTF-8, not JSON, or not in the header's columns.
    """
    suffix = Path(path.stem).suffix.lower() if path.suffix == ".xz" else path.suffix.lower()
    if suffix in DELIMITERS:
        return _csv_records(path, _text(path), DELIMITERS[suffix])
    if suffix in JSON_LINES:
        return _json_records(path, _text(path))
    raise ValueError(f"{path.name}: rows can be read from .csv, .tsv and .jsonl files, got {suffix or 'no ending'!r}")


def _text(path: Path) -> str:
    raw = unpacked(path) if path.suffix == ".xz" else path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path}, line {line}: this is not UTF-8 text; save the file as UTF-8") from error


def unpacked(path: Path) -> bytes:
    """The content of an xz-compressed file of a suite."""
    try:
        return lzma.decompress(path.read_bytes())
    except (OSError, lzma.LZMAError) as error:
        raise ValueError(f"cannot read the rows in {path}: {error}; unpack or build its suite again") from error


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
