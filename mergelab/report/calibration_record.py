"""What a merged model says of the calibration rows that were given to its experts."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class CalibratedExpert:
    """An expert with its task set: its name, where it comes from, and the SHA-256 of the calibration rows in hex."""

    expert: str
    task: str
    source: str
    rows: str


@dataclass(frozen=True)
class CalibrationRecord:
    """The own task sets that a merge used, and `notes` about those that it did not use. Rows of suites are not listed."""

    experts: Sequence[CalibratedExpert] = ()
    notes: Sequence[str] = ()

    def to_mapping(self) -> dict[str, dict[str, str]]:
        """The record by expert, as in manifest.json."""
        return {
            each.expert: {key: value for key, value in asdict(each).items() if key != "expert"} for each in self.experts
        }

    def flags(self) -> str:
        """The flags of the command that merges with the same rows; "" if there are none."""
        return "".join(f" --task {shlex.quote(f'{each.expert}={each.source}')}" for each in self.experts)

    def lines(self) -> list[str]:
        """One line of a list in Markdown per expert."""
        return [f"- {each.expert}: task set {each.task}, rows {each.rows[:16]}…" for each in self.experts]


NO_CALIBRATION = CalibrationRecord()
