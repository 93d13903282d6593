"""The health of a merge on the page belongs to a named recipe, and says whether that is the sidebar's."""

from __future__ import annotations

from dataclasses import replace

from ui.fake_worker import form, run_of

from mergelab.analysis.health import CheckResult, Health, HealthFinding
from mergelab.ui.messages import HealthMessage
from mergelab.ui.session.render.health import render_health

FINDING = HealthFinding("w", "w is too long", "scale 2", "try scale 1")
CHECKS = (
    CheckResult("fine", "", "All finite.", title="Finite weights"),
    CheckResult("unhealthy", "", "Too long.", (FINDING,), ("A note.",), title="Length"),
)


def test_every_check_has_a_word_and_its_findings_are_sentences() -> None:
    run = replace(run_of(form().recipe().to_mapping(), "validation"), health=Health("Unhealthy: w.", CHECKS))
    shown = render_health(run, "outdated")
    assert isinstance(shown, HealthMessage)
    assert (shown.healthy, shown.verdict, shown.chip) == (False, "Unhealthy: w.", "out of date")
    assert shown.about == f"Health of recipe {run.digest[:8]}"
    assert [check.word for check in shown.checks] == ["fine", "look here"]
    assert shown.checks[1].findings == ("W is too long (likely cause: scale 2); try scale 1.", "A note.")


def test_a_run_that_was_not_examined_shows_nothing() -> None:
    assert render_health(run_of(form().recipe().to_mapping(), "validation"), "measured") == ""
    assert render_health(None, "measured") == ""
