"""How large a task's tables may be, so that a mistaken file is refused before it fills the memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mergelab.evaluation.tasks.task_error import TaskError

MOST_BYTES = 256 * 2**20
"""The most bytes of one file, and of a Parquet file's content unpacked."""
MOST_ROWS = 200_000
"""The most rows of a task set, all splits together."""
LONGEST_CELL = 100_000
"""The most characters of a cell; that of a list or mapping are those of its JSON."""
MOST_COLUMNS = 1_000


def check_size(path: Path, size: int | None = None) -> None:
    """Refuse a file of more than `MOST_BYTES`; `size` stands in for the size on disk."""
    size = path.stat().st_size if size is None else size
    if size > MOST_BYTES:
        raise TaskError(
            f"{path} has {size / 2**20:,.0f} MB, more than the {MOST_BYTES >> 20} MB that are read; keep fewer rows or columns"
        )


def check_count(path: Path, rows: int) -> None:
    """Refuse more than `MOST_ROWS` rows."""
    if rows > MOST_ROWS:
        raise TaskError(f"{path} has more than {MOST_ROWS:,} rows, the most that are read; keep a random part of them")


def check_cell(column: str, value: Any) -> None:
    """Refuse a cell of more than `LONGEST_CELL` characters, and one with half a character (a lone surrogate)."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if len(text) > LONGEST_CELL:
        raise ValueError(
            f"the cell in column {column!r} has {len(text):,} characters, more than the {LONGEST_CELL:,} allowed; shorten it"
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"the cell in column {column!r} holds half of a character (a lone surrogate); write the whole character"
        ) from error
