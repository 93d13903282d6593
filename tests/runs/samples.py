"""A run to remember."""

from __future__ import annotations

from datetime import UTC, datetime

from mergelab.evaluation.scores import Answers, Score
from mergelab.runs import RunKind, RunRecord, RunRequest, RunResult, RunState

REQUEST = RunRequest(
    RunKind.MERGE,
    "TIES of two",
    {"base": "tiny", "models": [{"model": "a"}], "method": {"name": "ties", "density": 0.2}},
    "ab12",
    "cpu",
    "validation",
    "session 1",
    {"mergelab": "0.1.0"},
)
ANSWERS = Answers("rows of movie", 2, "packed marks", "packed answers")
SCORES = (
    Score("movie", "validation", "accuracy", 0.75, 12, 0.5, 0.9, ANSWERS, 20, 10, ("a remark",)),
    Score("book", "validation", "bits per byte", 1.5, 20, 1.25, 1.75, asked=20),
)
RESULT = RunResult(
    "9f", {"tiny": "01", "tiny/movie": "02"}, 1.5, 3 * 2**31, {"conflicting": 0.25}, "healthy", ("a note",), SCORES
)


def remembered(number: int) -> RunRecord:
    """The run as the store gives it."""
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    return RunRecord(number, REQUEST, RunState.DONE, moment, moment, moment, RESULT)
