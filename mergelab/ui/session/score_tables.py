"""The scores of a run as rows of a table and as data for the bars."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
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
from mergelab.ui.messages import Headline, Pending, PinnedMean, ScoreDifference, ScoreMessage, ScoreRow, ScoreState

Places = Mapping[str, int]


@dataclass(frozen=True)
class TaskFace:
    """A task: its title, and the expert that was trained for it."""

    title: str
    expert: str


AnyScores = Run | MergeScores
"""The scores of a finished merge, or of one that is still under way."""


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
        known = [(model, len(scores)) for model, scores in run.references.items()]
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
    """The tasks of a suite that the page scores, by name, in the suite's order."""
    shown = {name: task for name, task in suite.tasks.items() if is_share(task.kind, task.settings)}
    return {name: TaskFace(task.title, f"{suite.name}/{task.head}") for name, task in shown.items()}


def is_share(kind: str, settings: Mapping[str, Any]) -> bool:
    """Whether the scores of such a task are shares of examples. The page's tables, bars and means have room for nothing else."""
    found = find_kind(kind)
    return find_metric(found.metric(found.settings_of(settings))).is_share


def score_frame(run: AnyScores, tasks: Mapping[str, TaskFace], places: Places) -> pandas.DataFrame:
    """One row per score: task, title, role (base, own, other, merged), model, place, value, low, high, n, metric."""
    records = []
    for model, scores in {**run.references, "merged": run.scores}.items():
        for score in scores:
            face = tasks.get(score.task, TaskFace(score.task, ""))
            more = {"title": face.title, "role": _role(model, face, places), "model": model}
            records.append({**vars(score), **more, "place": places.get(model, 0)})
    columns = ["task", "title", "role", "model", "place", "value", "low", "high", "n", "metric"]
    return pandas.DataFrame(records, columns=columns)


def _role(model: str, face: TaskFace, places: Places) -> str:
    if model in ("merged", face.expert):
        return "merged" if model == "merged" else "own"
    return "other" if model in places else "base"


def table(run: AnyScores, tasks: Mapping[str, TaskFace], places: Places, stopped: bool = False) -> list[ScoreRow]:
    """One row per task, then the mean over tasks; a model that was not scored on a task is None.

    While a merge is under way, tasks without a score say why (`stopped`: because it was stopped), and there is no mean.
    """
    roles, pending = by_role(run, tasks), _pending(run, stopped)
    rows = [
        _row(face, {role: found.get(name) for role, found in roles.items()}, places, pending.get(name))
        for name, face in tasks.items()
        if name in roles["merged"] or name in pending
    ]
    return [*rows, _mean_row(roles, rows)] if len(rows) > 1 else rows


def headline(found: RunScores, rows: Sequence[ScoreRow]) -> Headline | None:
    """The last row of a table in one figure; None while scores are missing."""
    if not rows or rows[-1].merged is None:
        return None
    mean, count = rows[-1], max(len(rows) - 1, 1)
    pinned = _pinned_mean(found, found.pinned) if found.pinned else None
    return Headline(rows[-1].merged, count, mean.n, mean.asked, mean.to_own, pinned)


def _pinned_mean(found: RunScores, pinned: PinnedScores) -> PinnedMean | None:
    """The mean of the pinned recipe; None if it was scored on other examples."""
    examples, others = ([(each.task, each.n) for each in run.scores] for run in (found.run, pinned.run))
    if examples != others:
        return None
    mean, own = mean_score(pinned.run.scores), mean_score(found.run.scores)
    shown = ScoreMessage(mean.value, mean.low, mean.high)
    return PinnedMean(pinned.slot, pinned.run.digest[:8], pinned.title, shown, own.value - mean.value)


def _pending(run: AnyScores, stopped: bool) -> dict[str, Pending]:
    """Why tasks have no score yet, by name."""
    if isinstance(run, Run):
        return {}
    found: dict[str, Pending] = dict.fromkeys(run.waiting, "stopped" if stopped else "waiting")
    if run.begun and run.waiting and not stopped:
        found[run.waiting[0]] = "scoring"
    return found


def _row(face: TaskFace, by_role: Mapping[str, Score | None], places: Places, pending: Pending | None) -> ScoreRow:
    base, own, merged = by_role["base"], by_role["own"], by_role["merged"]
    place = places.get(face.expert)
    colour = None if place is None else style_of(place).colour
    some = merged or own or base
    n, asked, metric = (some.n, some.asked, some.metric) if some else (0, 0, "")
    differences = _difference(merged, base), _difference(merged, own)
    paired = difference_message(_paired(base, merged)), difference_message(_paired(own, merged))
    scores = score_message(base), score_message(own), score_message(merged)
    return ScoreRow(face.title, place, n, asked, metric, *scores, *differences, *paired, colour, pending)


def _mean_row(roles: Mapping[str, Mapping[str, Score]], rows: Sequence[ScoreRow]) -> ScoreRow:
    base, own, merged = (_mean(list(roles[role].values()), len(rows)) for role in ("base", "own", "merged"))
    differences = _difference(merged, base), _difference(merged, own)
    paired_base, paired_own = (
        difference_message(_mean_paired(roles[role], roles["merged"], len(rows))) for role in ("base", "own")
    )
    scores = score_message(base), score_message(own), score_message(merged)
    n, asked = sum(row.n for row in rows), sum(row.asked for row in rows)
    waits = next((row.pending for row in reversed(rows) if row.pending), None)
    metric = rows[0].metric
    return ScoreRow("Mean", None, n, asked, metric, *scores, *differences, paired_base, paired_own, None, waits)


def by_role(run: AnyScores, tasks: Mapping[str, TaskFace]) -> dict[str, dict[str, Score]]:
    """The scores of the base, of each task's own expert, and of the merged model (`base`, `own`, `merged`), each by task.

    Base and experts are scored on the rows that the merged model has answered.
    """
    experts = {face.expert for face in tasks.values()} | {expert["model"] for expert in run.recipe["models"]}
    found: dict[str, dict[str, Score]] = {"base": {}, "own": {}}
    for model, scores in run.references.items():
        for score in scores:
            if model not in experts:
                found["base"][score.task] = score
            elif score.task in tasks and tasks[score.task].expert == model:
                found["own"][score.task] = score
    merged = {score.task: score for score in run.scores}
    same = {
        role: {task: _on_rows_of(merged.get(task), each) for task, each in of.items()} for role, of in found.items()
    }
    return {**same, "merged": merged}


def _on_rows_of(merged: Score | None, other: Score) -> Score:
    """The other model's score on the rows that the merged one has answered so far, so that both can be compared."""
    return other.on_first(merged.n) if merged else other


def _mean(scores: list[Score], wanted: int) -> Score | None:
    return mean_score(scores) if len(scores) == wanted else None


def _paired(first: Score | None, second: Score | None) -> PairedDifference | None:
    return paired_difference(first, second) if first and second else None


def _mean_paired(first: Mapping[str, Score], second: Mapping[str, Score], wanted: int) -> PairedDifference | None:
    """The mean difference if each of the wanted tasks has one."""
    found = [each for task, score in second.items() if (each := _paired(first.get(task), score))]
    return mean_difference(found) if len(found) == wanted else None


def score_message(score: Score | None) -> ScoreMessage | None:
    """A score for the page."""
    return ScoreMessage(score.value, score.low, score.high) if score else None


def difference_message(difference: PairedDifference | None) -> ScoreDifference | None:
    """A paired difference for the page."""
    if difference is None:
        return None
    return ScoreDifference(difference.value, difference.low, difference.high, difference.is_clear)


def _difference(one: Score | None, other: Score | None) -> float | None:
    return one.value - other.value if one and other else None
