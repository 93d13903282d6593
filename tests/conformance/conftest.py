"""Counts and names the golden cases that need an option which is not offered."""

from __future__ import annotations

from collections import Counter

import pytest

NOT_OFFERED: list[str] = []


@pytest.fixture
def not_offered() -> list[str]:
    return NOT_OFFERED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if NOT_OFFERED:
        terminalreporter.section(f"golden cases not offered: {len(NOT_OFFERED)}")
        for reason, count in sorted(Counter(NOT_OFFERED).items()):
            terminalreporter.write_line(f"{count:4d}  {reason}")
