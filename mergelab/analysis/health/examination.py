"""Runs the health checks on a merged model, and reaches a verdict."""

from __future__ import annotations

import typing
from dataclasses import replace

from mergelab.analysis.health.check_registry import Check, HealthCheck, LongCheck
from mergelab.analysis.health.checks import CHECKS
from mergelab.analysis.health.health_report import CheckResult, Health
from mergelab.analysis.health.health_subject import HealthSubject
from mergelab.analysis.health.verdict import verdict_of
from mergelab.runtime.progress import Progress, ProgressGen


def examine(subject: HealthSubject) -> ProgressGen[Health]:
    """The health of a merged model by all checks, in their order. Checks that ask the model are those of
    language models that generate texts."""
    found: list[CheckResult] = []
    fitting = [check for check in CHECKS.values() if subject.is_causal or not check.asks]
    ordered = sorted(fitting, key=lambda check: (check.order, check.name))
    for number, check in enumerate(ordered):
        yield Progress("Checking the merged model", number, len(ordered), check.title, "checks")
        result = yield from _run(check, subject)
        found.append(replace(result, name=check.name, title=check.title, asks=check.asks))
    return Health(verdict_of(found), tuple(found))


def _run(check: HealthCheck, subject: HealthSubject) -> ProgressGen[CheckResult]:
    if not check.asks:
        return typing.cast(Check, check.run)(subject)
    if subject.body is None:
        return CheckResult("unmeasured", "", f"Not measured: {subject.unasked}.")
    if subject.record.non_finite:
        return CheckResult("unmeasured", "", "Not measured: a model with weights that are not finite answers nothing.")
    return (yield from typing.cast(LongCheck, check.run)(subject))
