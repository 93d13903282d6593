"""Whether every weight is a finite number."""

from __future__ import annotations

from mergelab.analysis.health.check_registry import health_check
from mergelab.analysis.health.health_report import CheckResult, HealthFinding
from mergelab.analysis.health.health_subject import HealthSubject
from mergelab.analysis.health.weight_record import NonFinite

NAMED = 20
"""The most tensors that are named one by one."""


@health_check("Finite weights", order=10)
def finite(subject: HealthSubject) -> CheckResult:
    """Count the NaN and infinite values of each tensor, all of which are read."""
    record = subject.record
    everything = f"{record.parameters:,} weights in {record.tensors:,} tensors"
    if not record.non_finite:
        notes = tuple(f"Not compared: {told}." for told in list(record.broken.values())[:NAMED])
        brief = f"all {record.parameters:,} weights are finite"
        return CheckResult("fine", brief, f"All {everything} are finite.", notes=notes)
    findings = [_finding(key, found, subject) for key, found in sorted(record.non_finite.items())]
    brief = f"{len(findings):,} tensors hold values that are not finite"
    return CheckResult("unhealthy", brief, f"Of {everything}, {brief}.", tuple(findings[:NAMED]))


def _finding(key: str, found: NonFinite, subject: HealthSubject) -> HealthFinding:
    counts = [(found.nan, "NaN"), (found.infinite, "infinite")]
    told = f"{key} holds {' and '.join(f'{count:,} {what}' for count, what in counts if count)} values"
    if key in subject.record.broken:
        return HealthFinding(key, told, subject.record.broken[key], _step(subject))
    if found.infinite and not found.nan:
        return HealthFinding(key, told, "values that the number format cannot hold", "merge with `dtype: float32`")
    return HealthFinding(key, told, "", _step(subject))


def _step(subject: HealthSubject) -> str:
    if subject.plan is None:
        return "check the models that it was made from with `mergelab health MODEL`"
    return "check each expert with `mergelab health EXPERT`, and merge without the one that holds such values"
