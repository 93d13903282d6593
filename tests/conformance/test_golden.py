"""Merges agree with the original implementations' outputs on every golden case that MergeLab offers."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from golden import Case, read_cases
from readings import NOT_OFFERED, READINGS, why_not_offered

for _file in sorted(Path(__file__).parent.glob("readings_*.py")):
    importlib.import_module(_file.stem)

MERGED = ("merged", "delta")
ELSEWHERE = ("fisher_estimate", "diagnostics")
"""Categories that are no merges and have a test file of their own."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    cases = [case for case in read_cases(metafunc.config.getoption("--golden")) if case.category not in ELSEWHERE]
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", cases, ids=[case.id for case in cases])


def test_agrees_with_the_original_implementation(case: Case, not_offered: list[str]) -> None:
    reason = why_not_offered(case)
    if reason:
        not_offered.append(f"{case.category}/{case.method}: {reason}")
        pytest.skip(f"not offered: {reason}")
    case.check(READINGS[case.method](case))


def test_no_operation_is_both_offered_and_excused() -> None:
    assert not set(READINGS) & set(NOT_OFFERED)
