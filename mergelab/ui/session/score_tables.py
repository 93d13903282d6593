"""The scores of a run as rows of a table and as data for the bars."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas

from mergelab.charts import style_of
from mergelab.checkpoints import Suite
from mergelab.evaluation.kinds import find_kind
from mergelab.evaluation.scores import Score, mean_score
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.evaluation.scores.paired import PairedDifference, mean_difference, paired_difference
from mergelab.jobs.workbench import MergeScores, Run
from mergelab.ui.form.form import Models
from mergelab.ui.messages import ExpertScore, Headline, Pending, PinnedMean, ScoreRow, ScoreState, Verdict
from mergelab.ui.session.render.score_messages import difference_message, score_message, told_score
from mergelab.ui.session.render.scores_by_model import AnyScores, TaskFace, by_expert, by_role

Places = Mapping[str, int]


@dataclass(frozen=True)
class RunScores:
    """The scores of a merge beside the recipe on the sidebar: whether they belong to it (`state`), whether Merge would find
    nothing to do (`settled`), and the scores of a pinned recipe on the same examples."""

    run: AnyScores
    models: Models
    tasks: dict[str, TaskFace]
    state: ScoreState
    settled: bool = False
    pinned: PinnedScores | None = None

    @property
    def identity(self) -> Hashable:
        """Equal for scores that look the same on the page."""
        run = self.run
        begun = run.begun if isinstance(run, MergeScores) else None
        known = [(model, *(score.n for score in scores)) for model, scores in run.references.items()]
        pinned = self.pinned and (self.pinned.slot, self.pinned.run.digest)
        counts = tuple(score.n for score in run.scores)
        return run.digest, run.split, self.models.edition, counts, begun, *known, self.state, self.settled, pinned


@dataclass(frozen=True)
class PinnedScores:
    """A pinned recipe that was scored. `title` is its method, and the sparsifier before it."""

    slot: str
    title: str
    run: Run


def faces(suite: Suite) -> dict[str, TaskFace]:
    """The tasks of a suite by name, in the suite's order."""
    return {
        name: TaskFace(task.title, f"{suite.name}/{task.head}", metric_of(task.kind, task.settings))
        for name, task in suite.tasks.items()
    }


def metric_of(kind: str, settings: Mapping[str, Any]) -> str:
    """The metric of a task of this kind."""
    found = find_kind(kind)
    return found.metric(found.settings_of(settings))


def score_frame(run: AnyScores, tasks: Mapping[str, TaskFace], places: Places) -> pandas.DataFrame:
    """One row per score: task, title, role (base, own, other, merged), model, place, value, low, high, n, metric, scale, words,
    interval."""
    records = []
    for model, scores in {**run.references, "merged": run.scores}.items():
        for score in scores:
            face = tasks.get(score.task, TaskFace(score.task, ""))
            more = {"title": face.title, "role": _role(model, face, places), "model": model}
            records.append({**vars(score), **more, "place": places.get(model, 0), **_words(score)})
    columns = ["task", "title", "role", "model", "place", "value", "low", "high", "n", "metric"]
    return pandas.DataFrame(records, columns=[*columns, "scale", "words", "interval"])


def _words(score: Score) -> dict[str, str]:
    """A score as its metric writes it."""
    metric = find_metric(score.metric)
    value, low, high = (metric.notation.score(each) for each in (score.value, score.low, score.high))
    scale = "" if metric.is_share else metric.notation.scale
    return {"scale": scale, "words": value, "interval": f"{low} to {high}"}


def _role(model: str, face: TaskFace, places: Places) -> str:
    if model in ("merged", face.expert):
        return "merged" if model == "merged" else "own"
    return "other" if model in places else "base"


def table(run: AnyScores, tasks: Mapping[str, TaskFace], models: Models, stopped: bool = False) -> list[ScoreRow]:
    """One row per task, then the mean over those whose scores are shares; a model that was not scored on a task is None.

    While a merge is under way, tasks without a score say why (`stopped`: because it was stopped), and there is no mean.
    """
    roles, pending = by_role(run, tasks), _pending(run, stopped)
    shown = {name: face for name, face in tasks.items() if name in roles["merged"] or name in pending}
    rows = {
        name: _row(face, {role: found.get(name) for role, found in roles.items()}, models.places, pending.get(name))
        for name, face in shown.items()
    }
    others = by_expert(run, tasks)
    with_experts = [replace(row, experts=_experts(run, name, others, models)) for name, row in rows.items()]
    shares = {name: row for name, row in rows.items() if tasks[name].is_share}
    return [*with_experts, _mean_row(roles, shares)] if len(shares) > 1 else with_experts


def headline(found: RunScores, rows: Sequence[ScoreRow]) -> Headline | None:
    """A table in one figure: its mean, or else its only share, or else its only score; None while scores are missing."""
    row = _main_row(rows)
    if row is None or row.merged is None:
        return None
    shares = sum(not each.is_mean and not each.scale for each in rows) if row.is_mean else 1
    pinned = _pinned_mean(found, found.pinned) if found.pinned else None
    scale = find_metric(row.metric).notation.scale
    verdict = row.paired_own.verdict if row.paired_own else None
    return Headline(row.merged, scale, shares, row.n, row.asked, row.to_own, row.to_own_text, verdict, pinned)


def _main_row(rows: Sequence[ScoreRow]) -> ScoreRow | None:
    if rows and rows[-1].is_mean:
        return rows[-1]
    shares = [row for row in rows if not row.scale]
    [only] = shares or rows if len(shares or rows) == 1 else [None]
    return only


def _pinned_mean(found: RunScores, pinned: PinnedScores) -> PinnedMean | None:
    """The figure of the pinned recipe; None if it was scored on other examples."""
    examples, others = ([(each.task, each.n) for each in run.scores] for run in (found.run, pinned.run))
    mean, own = (main_score(run.scores) for run in (pinned.run, found.run))
    if examples != others or mean is None or own is None:
        return None
    difference = own.value - mean.value
    text = find_metric(mean.metric).notation.difference(difference)
    verdict, name = _verdict_between(pinned.run, found.run), pinned.run.digest[:8]
    return PinnedMean(pinned.slot, name, pinned.title, told_score(mean), difference, text, verdict)


def _verdict_between(first: AnyScores, second: AnyScores) -> Verdict | None:
    """What the examples tell of the second merge's main score against the first one's."""
    pairs = list(zip(first.scores, second.scores, strict=True))
    shares = [pair for pair in pairs if find_metric(pair[0].metric).is_share] or pairs
    known = [each for pair in shares if (each := paired_difference(*pair))]
    if len(known) < len(shares):
        return None
    return (mean_difference(known) if len(known) > 1 else known[0]).verdict


def main_score(scores: Sequence[Score]) -> Score | None:
    """The mean over the scores that are shares, or else the only score; None for several on scales of their own."""
    if any(find_metric(score.metric).is_share for score in scores):
        return mean_score(scores)
    return scores[0] if len(scores) == 1 else None


def _pending(run: AnyScores, stopped: bool) -> dict[str, Pending]:
    """Why tasks have no score yet, by name."""
    if isinstance(run, Run):
        return {}
    found: dict[str, Pending] = dict.fromkeys(run.waiting, "stopped" if stopped else "waiting")
    if run.begun and run.waiting and not stopped:
        found[run.waiting[0]] = "scoring"
    return found


def _row(face: TaskFace, by_role: Mapping[str, Score | None], places: Places, pending: Pending | None) -> ScoreRow:
    place = places.get(face.expert)
    some = by_role["merged"] or by_role["own"] or by_role["base"]
    n, asked = (some.n, some.asked) if some else (0, 0)
    paired = {role: _paired(by_role[role], by_role["merged"]) for role in ("base", "own")}
    row = _written(face.title, face.metric, by_role, paired, pending)
    colour = None if place is None else style_of(place).colour
    return replace(row, place=place, n=n, asked=asked, colour=colour)


def _mean_row(roles: Mapping[str, Mapping[str, Score]], rows: Mapping[str, ScoreRow]) -> ScoreRow:
    """The mean over these rows, whose scores are shares."""
    own = {role: {task: score for task, score in of.items() if task in rows} for role, of in roles.items()}
    means = {role: _mean(list(of.values()), len(rows)) for role, of in own.items()}
    paired = {role: _mean_paired(own[role], own["merged"], len(rows)) for role in ("base", "own")}
    waits = next((row.pending for row in reversed(list(rows.values())) if row.pending), None)
    row = _written("Mean", next(iter(rows.values())).metric, means, paired, waits)
    n, asked = sum(row.n for row in rows.values()), sum(row.asked for row in rows.values())
    return replace(row, is_mean=True, n=n, asked=asked)


def _written(
    title: str,
    metric: str,
    scores: Mapping[str, Score | None],
    paired: Mapping[str, PairedDifference | None],
    pending: Pending | None,
) -> ScoreRow:
    """A row of these scores by role, without what belongs to a task alone."""
    base, own, merged = scores["base"], scores["own"], scores["merged"]
    to_own, notation = _difference(merged, own), find_metric(metric).notation
    return ScoreRow(
        title=title,
        is_mean=False,
        place=None,
        n=0,
        asked=0,
        metric=metric,
        scale="" if find_metric(metric).is_share else notation.scale,
        base=score_message(base),
        own=score_message(own),
        merged=score_message(merged),
        over_base=_difference(merged, base),
        to_own=to_own,
        to_own_text="" if to_own is None else notation.difference(to_own),
        paired_base=difference_message(paired["base"]),
        paired_own=difference_message(paired["own"]),
        colour=None,
        experts=(),
        pending=pending,
    )


def _experts(
    run: AnyScores, task: str, others: Mapping[str, Mapping[str, Score]], models: Models
) -> tuple[ExpertScore, ...]:
    """The other experts' scores on a task beside the merged model's."""
    merged, scores = next((score for score in run.scores if score.task == task), None), others.get(task, {})
    return tuple(
        ExpertScore(
            models.titles.get(model, model),
            style_of(models.places.get(model, 0)).colour,
            told_score(score),
            difference_message(_paired(score, merged)),
        )
        for model, score in sorted(scores.items(), key=lambda each: models.places.get(each[0], 0))
    )


def _mean(scores: list[Score], wanted: int) -> Score | None:
    return mean_score(scores) if len(scores) == wanted else None


def _paired(first: Score | None, second: Score | None) -> PairedDifference | None:
    return paired_difference(first, second) if first and second else None


def _mean_paired(first: Mapping[str, Score], second: Mapping[str, Score], wanted: int) -> PairedDifference | None:
    """The mean difference if each of the wanted tasks has one."""
    found = [each for task, score in second.items() if (each := _paired(first.get(task), score))]
    return mean_difference(found) if len(found) == wanted else None


def _difference(one: Score | None, other: Score | None) -> float | None:
    return one.value - other.value if one and other else None
