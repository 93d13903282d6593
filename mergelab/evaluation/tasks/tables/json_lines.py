"""Reads JSON lines: one object per line, with one type per column."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from mergelab.evaluation.tasks.tables.record import Record
from mergelab.evaluation.tasks.task_error import TaskProblems

TYPES = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}


def read_json_lines(path: Path, text: str, problems: TaskProblems) -> Iterator[Record]:
    """The records of a text with one JSON object per line; empty lines are skipped, null has no type."""
    types: dict[str, tuple[str, int]] = {}
    for line, raw in enumerate(text.split("\n"), start=1):  # not splitlines: a JSON string may contain U+2028
        if not raw.strip():
            continue
        place = f"{path}, line {line}"
        try:
            cells = _object(raw)
            _check_types(cells, types, line)
        except ValueError as error:
            problems.add(f"{place}: {error}")
        else:
            yield Record(place, cells)


def _object(raw: str) -> dict[str, Any]:
    try:
        found = json.loads(raw, object_pairs_hook=_mapping, parse_constant=_refused)
    except _RepeatedKeyError:
        raise
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON ({error}); write one object per line") from error
    if not isinstance(found, dict):
        raise ValueError(f"expected a JSON object, got {TYPES.get(type(found), 'null')}; write one object per line")
    return found


def _check_types(cells: dict[str, Any], types: dict[str, tuple[str, int]], line: int) -> None:
    """Refuse a value whose type is not that of its column so far."""
    for column, value in cells.items():
        if value is None:
            continue
        own = TYPES[type(value)]
        usual, first = types.setdefault(column, (own, line))
        if own != usual:
            raise ValueError(f"{column!r} is {own}, but it is {usual} in line {first}; write one type in all lines")


class _RepeatedKeyError(ValueError):
    """Raised for an object that has a key twice."""


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for number, name in enumerate(names) if name in names[:number])
        raise _RepeatedKeyError(f"the key {twice!r} occurs twice; keep one")
    return found


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")
