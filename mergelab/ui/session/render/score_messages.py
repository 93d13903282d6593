"""Scores and paired differences as messages."""

from __future__ import annotations

from math import isfinite

from mergelab.evaluation.scores import Score
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.evaluation.scores.paired import PairedDifference
from mergelab.ui.messages import ScoreDifference, ScoreMessage


def score_message(score: Score | None) -> ScoreMessage | None:
    """A score for the page, if there is one."""
    return told_score(score) if score else None


def told_score(score: Score) -> ScoreMessage:
    """A score for the page."""
    notation = find_metric(score.metric).notation
    ends = _finite(score.low), _finite(score.high)
    return ScoreMessage(score.value, *ends, notation.score(score.value), notation.ends(score.low, score.high))


def difference_message(found: PairedDifference | None) -> ScoreDifference | None:
    """A paired difference for the page, if there is one."""
    if found is None:
        return None
    notation = find_metric(found.metric).notation
    ends, written = (_finite(found.low), _finite(found.high)), notation.difference_ends(found.low, found.high)
    return ScoreDifference(found.value, *ends, notation.difference(found.value), written, found.verdict, found.words)


def _finite(end: float) -> float | None:
    """The end of an interval; a single example has none."""
    return end if isfinite(end) else None
