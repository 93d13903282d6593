"""Outcomes of phenomena in the cache, with when and how they were found."""

from __future__ import annotations

import inspect
import json
from dataclasses import asdict

from mergelab import __version__
from mergelab.checkpoints import load_suite
from mergelab.jobs.papers.phenomenon_registry import Phenomenon
from mergelab.jobs.papers.reproduction import Measurement, Outcome
from mergelab.jobs.papers.reproduction_record import figure_of
from mergelab.jobs.papers.suite_trial import SuiteTrial
from mergelab.runtime.cache import key_of
from mergelab.runtime.hashing import hash_bytes

Kept = tuple[Outcome, Measurement]


def outcome_key(each: Phenomenon, trial: SuiteTrial) -> str:
    """Everything that an outcome depends on: the phenomenon as it is written, the suite, and how it is asked."""
    module = inspect.getmodule(each.measure)
    assert module is not None, "phenomena are functions of modules"
    written = hash_bytes("source", (), [inspect.getsource(module).encode()])
    asked = json.dumps([each.name, trial.rows, trial.seeds, trial.device])
    return key_of("phenomenon/v2", __version__, written, load_suite(trial.suite).digest, asked)


def encoded_outcome(kept: Kept) -> bytes:
    """The outcome and its measurement as JSON."""
    return json.dumps([asdict(part) for part in kept]).encode()


def decoded_outcome(content: bytes) -> Kept:
    """What `encoded_outcome` wrote."""
    found, measured = json.loads(content)
    figures = tuple(map(figure_of, found["figures"]))
    return Outcome(figures, found["recipe"], tuple(found["notes"]), found["impossible"]), Measurement(**measured)
