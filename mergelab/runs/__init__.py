"""Runs: merges, evaluations and points of sweeps that are remembered in a database."""

from mergelab.runs.run_record import RunKind, RunRecord, RunRequest, RunResult, RunState
from mergelab.runs.run_store import RunStore
from mergelab.runs.runs_error import RunsError
from mergelab.runs.tracking.run_logger import RunLogger

__all__ = ["RunKind", "RunLogger", "RunRecord", "RunRequest", "RunResult", "RunState", "RunStore", "RunsError"]
