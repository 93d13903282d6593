"""The progress bar of the command line."""

from __future__ import annotations

import io
import sys

import pytest

from mergelab.cli.progress_bar import followed, pace
from mergelab.runtime.progress import Progress, ProgressGen


def test_rows_have_a_pace_and_nothing_else_has() -> None:
    assert [pace("rows", 123.4), pace("rows", 3.44), pace("rows", None), pace("tensors", 5.0)] == [
        "123 rows/s",
        "3.4 rows/s",
        "",
        "",
    ]


def test_on_a_terminal_the_work_is_followed_to_its_result(monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> ProgressGen[str]:
        for done in range(3):
            yield Progress("Scoring", done, 2, unit="rows")
        return "scored"

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    assert followed(work()) == "scored"
