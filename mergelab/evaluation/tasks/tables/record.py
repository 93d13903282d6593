"""One record of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Record(NamedTuple):
    """A record's cells by column. `place` is its file and line, or row where a format has no lines."""

    place: str
    cells: Mapping[str, Any]
