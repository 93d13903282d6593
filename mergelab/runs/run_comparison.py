"""Compares runs: which settings differ, and whether the rows that both answered tell their scores apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mergelab.evaluation.scores import Score
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.evaluation.scores.paired import PairedDifference, mean_difference, paired_difference
from mergelab.runs.run_columns import MEAN
from mergelab.runs.run_record import RunRecord


@dataclass(frozen=True)
class ScoreComparison:
    """A task's scores of two runs; `difference` is the second minus the first on the rows that both answered.

    It is None if they answered other rows or were asked in another way, or if the answers are not kept.
    """

    task: str
    metric: str
    first: Score
    second: Score
    difference: PairedDifference | None


def compare_scores(first: RunRecord, second: RunRecord) -> list[ScoreComparison]:
    """Comparisons of the tasks that both runs scored on the same split with the same metric, in the order of the first run."""
    others = {(score.task, score.split, score.metric): score for score in _scores(second)}
    pairs = [
        (score, others[key]) for score in _scores(first) if (key := (score.task, score.split, score.metric)) in others
    ]
    return [ScoreComparison(one.task, one.metric, one, other, paired_difference(one, other)) for one, other in pairs]


def mean_of_differences(compared: Sequence[ScoreComparison]) -> PairedDifference | None:
    """The mean difference over the tasks whose metric is a share of rows; None unless all of them could be paired."""
    shares = [each.difference for each in compared if find_metric(each.metric).is_share]
    paired = [difference for difference in shares if difference]
    return mean_difference(paired) if paired and len(paired) == len(shares) else None


def comparison_text(first: RunRecord, second: RunRecord) -> str:
    """The comparison of the scores as lines of text."""
    compared = compare_scores(first, second)
    if not compared:
        return f"runs {first.id} and {second.id} have no task in common that both scored on one split"
    lines = [f"{'task':<20}{f'run {first.id}':>10}{f'run {second.id}':>10}  difference with 95 % interval"]
    lines += [
        f"{each.task:<20}{each.first.value:>10.3f}{each.second.value:>10.3f}  {_told(each.difference)}"
        for each in compared
    ]
    mean = mean_of_differences(compared)
    if mean and len(compared) > 1:
        lines.append(f"{MEAN:<40}  {_told(mean)}")
    return "\n".join(lines)


def _scores(run: RunRecord) -> tuple[Score, ...]:
    return run.result.scores if run.result else ()


def _told(difference: PairedDifference | None) -> str:
    if difference is None:
        return "not paired: other rows, or asked in another way"
    told = f"{difference.value:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}], n = {difference.n}"
    return f"{told}: {difference.words}"
