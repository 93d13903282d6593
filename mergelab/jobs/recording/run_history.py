"""What the runs of a recipe say of it, for the model card."""

from __future__ import annotations

from collections.abc import Sequence

from mergelab.evaluation.scores import Score
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.runs import RunKind, RunRecord, RunResult, RunState, RunStore
from mergelab.runs.run_columns import differing, run_settings, with_mean

OPTIMISM = "optimism"
"""The figure of a sweep's best recipe: how much its objective loses from validation to test rows."""


def history_of(store: RunStore, digest: str) -> tuple[str, ...]:
    """A sentence for each run of the recipe with this digest that is done and has scores, the oldest first. One of a sweep says how
    many recipes the sweep has tried."""
    runs = store.runs(digest=digest, states=[RunState.DONE], archived=None)
    return tuple(_sentence(store, run) for run in reversed(runs) if run.result and run.result.scores)


def _sentence(store: RunStore, run: RunRecord) -> str:
    assert run.result
    scores = "; ".join(_told(score) for score in with_mean(run.result.scores))
    return f"Run {run.id} ({run.request.kind.value}, {run.created:%Y-%m-%d}){_among(store, run)}: {scores}.{_chosen(run.result)}"


def _among(store: RunStore, run: RunRecord) -> str:
    if run.request.kind is not RunKind.SWEEP_POINT:
        return ""
    points = store.runs(group=run.request.group, kinds=[RunKind.SWEEP_POINT], archived=None)
    return f", one of {len(points)} of {run.request.group}{_tried(points)}"


def _tried(points: Sequence[RunRecord]) -> str:
    """The settings in which these points differ, with their values: numbers from the lowest to the highest."""
    rows = [run_settings(point.request.recipe) for point in points if point.request.recipe]
    tried = {name: [row[name] for row in rows if name in row] for name in differing(rows)}
    told = [_range(name, values) for name, values in tried.items() if len({repr(value) for value in values}) > 1]
    return f", which tried {', '.join(told)}" if told else ""


def _range(name: str, values: Sequence[object]) -> str:
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) == len(values):
        return f"{name} from {min(numbers):.4g} to {max(numbers):.4g}"
    return f"{name} {' or '.join(dict.fromkeys(map(str, values)))}"


def _chosen(result: RunResult) -> str:
    """What it was worth to be chosen by a sweep; empty text for other runs."""
    if OPTIMISM not in result.figures:
        return ""
    notation = find_metric(with_mean(result.scores)[0].metric).notation
    worth = f"{notation.difference(result.figures[OPTIMISM])} {notation.unit}"
    return f" Its selection by the sweep was worth {worth}: validation minus test."


def _told(score: Score) -> str:
    notation = find_metric(score.metric).notation
    ends = notation.ends(score.low, score.high)
    return f"{score.task} {notation.score(score.value)} ({ends}, n = {score.n:,} {score.split})"
