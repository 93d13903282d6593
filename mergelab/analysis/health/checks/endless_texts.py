"""Whether a merged language model ends its texts, or loops."""

from __future__ import annotations

from math import comb

from mergelab.analysis.health.asked_rows import asked_tasks, no_rows
from mergelab.analysis.health.check_registry import asking_check
from mergelab.analysis.health.generated_texts import PROMPTS, TOKENS, GeneratedText, known_texts
from mergelab.analysis.health.health_report import CheckResult, HealthFinding
from mergelab.analysis.health.health_subject import HealthSubject
from mergelab.evaluation.evaluate import body_of
from mergelab.runtime.progress import ProgressGen

MORE, CHANCE = 0.1, 0.05
"""More endless texts than the base's are wrong if their share is larger by `MORE` and a sign test over the prompts gives such
a difference less than this chance. Without a base, from half of the texts on."""


@asking_check("Texts that end", order=60)
def endless_texts(subject: HealthSubject) -> ProgressGen[CheckResult]:
    """Compare the share of greedy texts that loop or never end with the base's, prompt by prompt."""
    tasks = asked_tasks(subject, "generation")
    if not tasks or subject.body is None:
        return CheckResult("unmeasured", "", no_rows("generation"))
    ours: list[GeneratedText] = []
    theirs: list[GeneratedText] = []
    base = subject.plan.base if subject.plan and subject.plan.recipe.base else None
    for task in tasks:
        ours += yield from known_texts(subject.body(), task, subject.device)
        if base is not None:
            theirs += yield from known_texts(body_of(base, base), task, subject.device)
    endless, looping = (sum(values) for values in ([not text.ended for text in ours], [text.loops for text in ours]))
    beside = f" (base {_share(sum(not text.ended for text in theirs), len(theirs))})" if theirs else ""
    brief = f"{_share(endless, len(ours))} of its texts never end{beside}"
    loops = f", {looping} of them in a loop" if endless else ""
    summary = (
        f"{brief[0].upper()}{brief[1:]}{loops}. Measured on {len(ours)} greedy texts of at most "
        f"{TOKENS} tokens, after {PROMPTS} calibration prompts of each task set at most."
    )
    if not is_worse(ours, theirs):
        return CheckResult("fine", brief, summary)
    told = f"{brief}{loops} (n = {len(ours)})"
    step = "lower the scale or the weights; see also whether the files about tokens agree"
    return CheckResult("unhealthy", brief, summary, (HealthFinding("texts", told, "", step),))


def is_worse(ours: list[GeneratedText], theirs: list[GeneratedText]) -> bool:
    """Whether too many texts do not end: more than the base's on the same prompts, or half of them without a base."""
    if not theirs:
        return sum(not text.ended for text in ours) >= max(1, len(ours) / 2)
    lost = sum(other.ended and not text.ended for text, other in zip(ours, theirs, strict=True))
    won = sum(text.ended and not other.ended for text, other in zip(ours, theirs, strict=True))
    return lost - won >= MORE * len(ours) and _sign_test(lost, won) < CHANCE


def _sign_test(lost: int, won: int) -> float:
    """The chance of at least `lost` heads among all tosses of a fair coin."""
    tosses = lost + won
    return sum(comb(tosses, heads) for heads in range(lost, tosses + 1)) / float(2**tosses)


def _share(count: int, n: int) -> str:
    return f"{100 * count / n:.0f} %" if n else "none"
