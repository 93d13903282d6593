"""The verdict on a merged model: one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from mergelab.analysis.health.health_report import CheckResult


def verdict_of(checks: Sequence[CheckResult]) -> str:
    """The first thing that is wrong, with its likely cause and the next step; or that nothing is, as far as was measured."""
    bad = [check for check in checks if check.state == "unhealthy"]
    if not bad:
        return f"Healthy as far as measured: {_list([check.brief for check in checks if check.state == 'fine' and check.brief])}."
    first, others = bad[0].findings[0], sum(len(check.findings) for check in bad) - 1
    more = f" ({others} more finding{'' if others == 1 else 's'} below)" if others else ""
    return f"Unhealthy: {first}{more}."


def _list(phrases: Sequence[str]) -> str:
    return " and ".join([", ".join(phrases[:-1]), phrases[-1]]) if len(phrases) > 1 else "".join(phrases)
