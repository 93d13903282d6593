"""The registry of health checks: each is a decorated function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mergelab.analysis.health.health_report import CheckResult
from mergelab.analysis.health.health_subject import HealthSubject
from mergelab.runtime.progress import ProgressGen

Check = Callable[[HealthSubject], CheckResult]
LongCheck = Callable[[HealthSubject], ProgressGen[CheckResult]]


@dataclass(frozen=True)
class HealthCheck:
    """A check. `order` places it among the others: a smaller one is a likelier cause of what the later ones see.

    `asks` says whether it asks the model, which takes seconds to minutes; the others take milliseconds.
    """

    name: str
    title: str
    order: int
    asks: bool
    run: Check | LongCheck


CHECKS: dict[str, HealthCheck] = {}


def health_check(title: str, order: int) -> Callable[[Check], Check]:
    """Register a function `(subject) -> CheckResult`, under its name."""
    return _registered(title, order, asks=False)


def asking_check(title: str, order: int) -> Callable[[LongCheck], LongCheck]:
    """Register a generator function that yields `Progress` and returns a `CheckResult`: a check that asks the model."""
    return _registered(title, order, asks=True)


def _registered(title: str, order: int, asks: bool) -> Callable[[Any], Any]:
    def register(run: Any) -> Any:
        CHECKS[run.__name__] = HealthCheck(run.__name__, title, order, asks, run)
        return run

    return register
