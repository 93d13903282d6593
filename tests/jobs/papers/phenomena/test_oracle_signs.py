"""The oracle's signs cannot be asked."""

from __future__ import annotations

from tiny_trial import specialists

from mergelab.jobs.papers.phenomena.oracle_signs import WITHOUT, oracle_signs
from mergelab.jobs.papers.reproduction import Outcome, PaperVerdict, verdict_of
from mergelab.runtime.progress import finish


def test_without_a_multitask_model_the_reason_is_all_there_is() -> None:
    found = finish(oracle_signs(specialists(2)))
    assert found == Outcome(impossible=WITHOUT)
    assert verdict_of(found) is PaperVerdict.NOT_ASKED
