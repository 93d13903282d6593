"""Outcomes of phenomena in the cache."""

from __future__ import annotations

import inspect
import json
from dataclasses import asdict

from mergelab import __version__
from mergelab.checkpoints import load_suite
from mergelab.jobs.papers.phenomenon_registry import Phenomenon
from mergelab.jobs.papers.reproduction import Bound, FigureRow, Outcome
from mergelab.jobs.papers.suite_trial import SuiteTrial
from mergelab.runtime.cache import key_of
from mergelab.runtime.hashing import hash_bytes


def outcome_key(each: Phenomenon, trial: SuiteTrial) -> str:
    """Everything that an outcome depends on: the phenomenon as it is written, the suite, and how it is asked."""
    module = inspect.getmodule(each.measure)
    assert module is not None, "phenomena are functions of modules"
    written = hash_bytes("source", (), [inspect.getsource(module).encode()])
    asked = json.dumps([each.name, trial.rows, trial.seeds, trial.device])
    return key_of("phenomenon/v1", __version__, written, load_suite(trial.suite).digest, asked)


def encoded_outcome(outcome: Outcome) -> bytes:
    """The outcome as JSON."""
    return json.dumps(asdict(outcome)).encode()


def decoded_outcome(content: bytes) -> Outcome:
    """The outcome that `encoded_outcome` wrote."""
    found = json.loads(content)
    rows = tuple(_row(row) for row in found["figures"])
    return Outcome(rows, found["recipe"], tuple(found["notes"]), found["impossible"])


def _row(found: dict[str, object]) -> FigureRow:
    bound = found.pop("bound")
    seeds = found.pop("seeds")
    assert isinstance(seeds, list)
    return FigureRow(**found, seeds=tuple(seeds), bound=Bound(**bound) if isinstance(bound, dict) else None)  # type: ignore[arg-type]
