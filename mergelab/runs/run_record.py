"""What is remembered of a merge, an evaluation or a point of a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from mergelab.evaluation.scores import Score


class RunState(StrEnum):
    """Where a run stands. One whose process has died, or lost its place, is interrupted."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will be known of the run."""
        return self not in (RunState.QUEUED, RunState.RUNNING)


class RunKind(StrEnum):
    """What a run did."""

    MERGE = "merge"
    SAVE = "save"
    EVALUATION = "evaluation"
    SWEEP_POINT = "sweep point"


@dataclass(frozen=True)
class RunRequest:
    """What is known before a run begins. `recipe` is empty if a model is scored as it is; `name` is then the model's.

    `provenance` holds versions and processor, as `mergelab.runtime.provenance` gives them; `group` names what the run belongs
    to: a session of the page or a sweep.
    """

    kind: RunKind
    name: str
    recipe: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""
    device: str = ""
    split: str = ""
    group: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunResult:
    """What a run has found.

    `weights` is the content hash of the merged tensors, `inputs` the content hashes of base and experts by their names.
    `seconds` is wall time, `peak_bytes` the largest resident size of the process, or 0 where it is unknown. `figures` are
    named numbers of the merge such as the share of conflicting weights; `health` is the verdict in one sentence. `scores` hold
    their answers, so that two runs that answered the same rows can be compared pair by pair.
    """

    weights: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    peak_bytes: int = 0
    figures: Mapping[str, float] = field(default_factory=dict)
    health: str = ""
    notes: tuple[str, ...] = ()
    scores: tuple[Score, ...] = ()


@dataclass(frozen=True)
class RunRecord:
    """A remembered run. Times are in UTC; `error` is the message of a run that failed.

    `note`, `starred`, `archived` and `tags` are what a person has said about it.
    """

    id: int
    request: RunRequest
    state: RunState
    created: datetime
    started: datetime | None = None
    ended: datetime | None = None
    result: RunResult | None = None
    error: str = ""
    note: str = ""
    starred: bool = False
    archived: bool = False
    tags: frozenset[str] = frozenset()
