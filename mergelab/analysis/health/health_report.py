"""What the checks of a merged model found, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

CheckState = Literal["fine", "unhealthy", "unmeasured"]


@dataclass(frozen=True)
class HealthFinding:
    """Something that is wrong. `told` says what, with its figures; `cause` what probably leads to it; `step` what to do next.

    Each is a part of a sentence, without a full stop. `cause` and `step` are empty where nothing is known. `where` names the
    layers, tensors or files.
    """

    where: str
    told: str
    cause: str = ""
    step: str = ""

    def __str__(self) -> str:
        parts = [f"{self.told} (likely cause: {self.cause})" if self.cause else self.told, self.step]
        return "; ".join(part for part in parts if part)


@dataclass(frozen=True)
class CheckResult:
    """What one check found. `brief` says it in a few words, `summary` in full sentences, with how much was measured.

    An `unmeasured` check says in `summary` why, and how to have it measured. `notes` are sentences about what is unusual
    without being wrong. `name`, `title` and `asks` are those of the check
    in the registry.
    """

    state: CheckState
    brief: str
    summary: str
    findings: tuple[HealthFinding, ...] = ()
    notes: tuple[str, ...] = ()
    name: str = ""
    title: str = ""
    asks: bool = False


@dataclass(frozen=True)
class Health:
    """The results of all checks, in their order, and the `verdict`: one sentence."""

    verdict: str
    checks: tuple[CheckResult, ...]

    @property
    def healthy(self) -> bool:
        """Whether no check found anything wrong; what was not measured counts for nothing."""
        return all(check.state != "unhealthy" for check in self.checks)

    @property
    def unasked(self) -> bool:
        """Whether the model still can be asked for more."""
        return any(check.asks and check.state == "unmeasured" for check in self.checks)

    def to_mapping(self) -> dict[str, Any]:
        """The report as plain data for JSON."""
        return {"healthy": self.healthy, "verdict": self.verdict, "checks": [asdict(check) for check in self.checks]}

    def lines(self) -> list[str]:
        """One line of a list in Markdown for each check, each finding and each note."""
        return [line for check in self.checks for line in _lines(check)]


def _lines(check: CheckResult) -> Sequence[str]:
    mark = {"fine": "fine", "unhealthy": "unhealthy", "unmeasured": "not measured"}[check.state]
    inner = [*map(str, check.findings), *check.notes]
    return [f"- {check.title} ({mark}): {check.summary}", *(f"  - {each}" for each in inner)]
