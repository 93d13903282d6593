"""Whether a merged language model still finds texts about as likely as the models that it was made from."""

from __future__ import annotations

from mergelab.analysis.health.asked_rows import ROWS, SPLIT, asked_tasks, no_rows
from mergelab.analysis.health.check_registry import asking_check
from mergelab.analysis.health.health_report import CheckResult, HealthFinding
from mergelab.analysis.health.health_subject import HealthSubject
from mergelab.evaluation.evaluate import body_of
from mergelab.evaluation.scores import Score
from mergelab.evaluation.scores.paired import paired_difference
from mergelab.evaluation.scoring import scored
from mergelab.evaluation.tasks import TaskSet
from mergelab.runtime.progress import ProgressGen

MOST = 1.1
"""A model that needs this many times the bits of the base on texts has lost some of its language. Good merges stay within a
few percent; the paired interval over the texts has to exclude chance as well."""


@asking_check("Likelihood of texts", order=50)
def bits_per_byte(subject: HealthSubject) -> ProgressGen[CheckResult]:
    """Compare the bits per byte (or the perplexity) of calibration texts with the base's, text by text."""
    tasks = asked_tasks(subject, "perplexity")
    if not tasks or subject.body is None:
        return CheckResult("unmeasured", "", no_rows("perplexity"))
    ours = yield from scored(subject.body(), tasks, SPLIT, ROWS, subject.device)
    theirs = (yield from _of_base(subject, tasks)) or []
    findings = [found for pair in zip(tasks, ours, theirs, strict=False) if (found := _worse(*pair))]
    told = [
        _told(task, score, theirs[place] if theirs else None)
        for place, (task, score) in enumerate(zip(tasks, ours, strict=True))
    ]
    summary = f"{'; '.join(told)}. Measured on {sum(score.n for score in ours)} calibration texts."
    beside = f" (base {theirs[0].value:.3g})" if theirs else ""
    brief = f"it needs {ours[0].value:.3g} {ours[0].metric} on {tasks[0].title}{beside}"
    return CheckResult("unhealthy" if findings else "fine", brief, summary, tuple(findings))


def _of_base(subject: HealthSubject, tasks: list[TaskSet]) -> ProgressGen[list[Score] | None]:
    if subject.plan is None or subject.plan.recipe.base is None:
        return None
    base = subject.plan.base
    return (yield from scored(body_of(base, base), tasks, SPLIT, ROWS, subject.device))


def _told(task: TaskSet, score: Score, base: Score | None) -> str:
    beside = f" against the base’s {base.value:.3g}" if base else ""
    return f"{task.title}: {score.value:.3g} {score.metric}{beside}"


def _worse(task: TaskSet, score: Score, base: Score) -> HealthFinding | None:
    difference = paired_difference(base, score)
    if score.value <= MOST * base.value or difference is None or not difference.is_clear:
        return None
    return HealthFinding(
        task.title,
        f"on {task.title} it needs {score.value:.3g} {score.metric}, {score.value / base.value:.2g}× the base’s {base.value:.3g} "
        f"(n = {score.n})",
        "",
        "lower the scale or the weights, and see which layers changed most",
    )
