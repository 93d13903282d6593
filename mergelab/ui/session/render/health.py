"""The health of a merge: the verdict, and every check below it."""

from __future__ import annotations

from typing import Literal

from mergelab.analysis.health import CheckResult
from mergelab.jobs.workbench import Run
from mergelab.ui.form.figure_words import word_of
from mergelab.ui.messages import EMPTY, FigureState, HealthCheckRow, HealthMessage, HealthState

WORDS: dict[HealthState, str] = {"fine": "fine", "unhealthy": "look here", "unmeasured": "not measured"}


def render_health(run: Run | None, state: FigureState) -> HealthMessage | Literal[""]:
    """The health of a run; empty if there is none, or if it was not examined."""
    if run is None or run.health is None:
        return EMPTY
    checks = tuple(map(_row, run.health.checks))
    about = f"Health of recipe {run.digest[:8]}"
    return HealthMessage(run.health.healthy, run.health.verdict, word_of(state), state, about, checks)


def _row(check: CheckResult) -> HealthCheckRow:
    findings = tuple(f"{text[0].upper()}{text[1:]}." for text in map(str, check.findings))
    return HealthCheckRow(check.title, check.state, WORDS[check.state], check.summary, (*findings, *check.notes))
