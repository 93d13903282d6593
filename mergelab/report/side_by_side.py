"""Scores of base, experts and merged model side by side, with the merged model's paired differences, as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from mergelab.evaluation.scores import Score
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.evaluation.scores.paired import PairedDifference, paired_difference

ByModel = Mapping[str, Sequence[Score]]
"""Scores by model; those of the merged model come last."""


def side_by_side_table(found: ByModel) -> str:
    """For each task one line per model, with the merged model's score minus that model's, and what the rows tell of it."""
    *_, merged = found.values()
    return "\n\n".join("\n".join(_task_lines(score, found)) for score in merged)


def side_by_side_mapping(found: ByModel) -> list[dict[str, Any]]:
    """One mapping per score, with its model and the merged model's paired difference from it, null for the merged model."""
    return [
        {
            "model": model,
            **{name: value for name, value in asdict(score).items() if name not in ("answers", "first")},
            "merged_minus_this": difference and {**asdict(difference), "verdict": difference.verdict},
        }
        for model, score, difference in _compared(found)
    ]


def _compared(found: ByModel) -> Iterator[tuple[str, Score, PairedDifference | None]]:
    *_, last = found
    merged = {score.task: score for score in found[last]}
    for model, scores in found.items():
        for score in scores:
            yield model, score, None if model == last else paired_difference(score, merged[score.task])


def _task_lines(merged: Score, found: ByModel) -> Iterator[str]:
    notation = find_metric(merged.metric).notation
    rows = [each for each in _compared(found) if each[1].task == merged.task]
    width = max(len(model) for model, _, _ in rows)
    measured_in = merged.metric if notation.sign else notation.scale
    yield f"{merged.task}, {merged.split}, {measured_in}, n = {merged.n:,}"
    yield f"  {'model':<{width}}  {'score':>8}  {'95 % interval':<15}  merged − this model"
    for model, score, difference in rows:
        ends = notation.ends(score.low, score.high)
        yield f"  {model:<{width}}  {notation.score(score.value):>8}  {ends:<15}  {_told(difference)}".rstrip()


def _told(difference: PairedDifference | None) -> str:
    if difference is None:
        return ""
    notation = find_metric(difference.metric).notation
    ends = notation.difference_ends(difference.low, difference.high)
    return f"{notation.difference(difference.value)} ({ends}): {difference.words}"
