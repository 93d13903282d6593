"""Conflicting weights of a suite's experts are counted."""

from __future__ import annotations

from mergelab.jobs.papers.phenomena.sign_conflicts import sign_conflicts
from mergelab.jobs.papers.suite_trial import SuiteTrial
from mergelab.runtime.progress import finish


def test_all_changes_of_two_experts_conflict_less_often_than_independent_signs() -> None:
    found = finish(sign_conflicts(SuiteTrial("pixels", 1, (0,))))
    by_label = {row.label: row for row in found.figures}
    pair = by_label["2 experts, all changes (independent signs: 50.0%)"]
    assert pair.is_exact and 0.3 < pair.value < 0.5 and pair.n > 700_000
    assert by_label["2 experts, largest 20 % of each"].value < pair.value
    assert "no second run" in found.notes[-1]
