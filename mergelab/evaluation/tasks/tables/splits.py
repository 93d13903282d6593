"""Which split a row belongs to: as its table says, or by a hash of its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

SPLITS = ("calibration", "validation", "test")
"""Statistics are taken on the first, knobs are chosen on the second, and scores are reported on the third."""
SPLIT_COLUMN = "split"
ALIASES = {
    **dict.fromkeys(("train", "training"), "calibration"),
    **dict.fromkeys(("dev", "val", "valid"), "validation"),
}
SHARES = (0.25, 0.25, 0.5)


@dataclass(frozen=True)
class Dealing:
    """How the rows of one table are dealt to the splits.

    `column` names the column with the splits; the empty name stands for `split`, if the table has it. Rows without such a
    column, or all rows with `by_hash`, are dealt by a hash of what is asked: in `shares` of the three splits, and otherwise
    with another `seed`.
    """

    column: str = ""
    by_hash: bool = False
    shares: tuple[float, float, float] = SHARES
    seed: int = 0

    def split_of(self, cells: Mapping[str, Any], content: object) -> str:
        """The split of a row. Equal questions are never in two splits by hash, and the order of rows does not matter."""
        column = self.column_in(cells)
        if column is None:
            return self._by_hash(content)
        if column not in cells:
            raise ValueError(
                f"there is no column {column!r} with the split; the columns are {', '.join(map(repr, cells))}"
            )
        split = known_split(str(cells[column]))
        if split is None:
            raise ValueError(f"unknown split {cells[column]!r}; known: {', '.join((*SPLITS, *ALIASES))}")
        return split

    def column_in(self, cells: Mapping[str, Any]) -> str | None:
        """The column that deals rows with these cells; None where a hash does."""
        if self.by_hash:
            return None
        return self.column or (SPLIT_COLUMN if SPLIT_COLUMN in cells else None)

    def _by_hash(self, content: object) -> str:
        text = content if isinstance(content, str) else json.dumps(content)
        salt = f"{self.seed}\0" if self.seed else ""
        digest = hashlib.sha256((salt + text).encode("utf-8", "surrogatepass")).digest()
        place = int.from_bytes(digest[:6]) / 2**48
        ends = list(accumulate(self.shares))
        return next((split for split, end in zip(SPLITS, ends, strict=True) if place < end), self._last())

    def _last(self) -> str:
        """The last split that has a share: shares that sum to a little less than 1 leave no gap."""
        return next(split for split, share in zip(SPLITS[::-1], self.shares[::-1], strict=True) if share)


BY_CONTENT = Dealing()
"""By the column `split` or, without one, by the content of rows."""


def known_split(name: str) -> str | None:
    """The split that is called `name`, in any case: also "train", "dev" and the like. None for other names."""
    name = name.strip().lower()
    split = ALIASES.get(name, name)
    return split if split in SPLITS else None
