"""A run to remember."""

from __future__ import annotations

from mergelab.runs import RunKind, RunRequest, RunResult, RunScore

REQUEST = RunRequest(
    RunKind.MERGE,
    "TIES of two",
    {"base": "tiny", "method": {"name": "ties", "density": 0.2}},
    "ab12",
    "cpu",
    "validation",
    "session 1",
    {"mergelab": "0.1.0"},
)
SCORES = (
    RunScore("movie", "validation", "accuracy", 0.75, 0.5, 0.9, 12, 20),
    RunScore("book", "validation", "bits per byte", 1.5, 1.25, 1.75, 20, 20),
)
RESULT = RunResult(
    "9f", {"tiny": "01", "tiny/movie": "02"}, 1.5, 3 * 2**31, {"conflicting": 0.25}, "healthy", ("a note",), SCORES
)
