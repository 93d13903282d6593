"""Remembers runs in a database."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import Engine, Select, select
from sqlalchemy.orm import Session

from mergelab.evaluation.scores import Answers, Score
from mergelab.runs.database import READING, open_database
from mergelab.runs.run_record import RunKind, RunRecord, RunRequest, RunResult, RunState
from mergelab.runs.runs_error import RunsError
from mergelab.runs.tables import StoredRun, StoredScore, StoredTag
from mergelab.runs.tracking.run_logger import RunLogger
from mergelab.runs.writer import Writer, interrupt_lost, now
from mergelab.runtime.folders.data_folder import data_folder

VARIABLE = "MERGELAB_RUNS"
FILE = "runs.sqlite"


def default_place() -> str:
    """$MERGELAB_RUNS, or a file in the user's data folder."""
    return os.environ.get(VARIABLE) or str(data_folder() / FILE)


class RunStore:
    """Runs by number, counted from 1. What a method has returned is on disk, whatever happens to the process afterwards.

    May be used from several threads, and by several processes at once. Runs that end here are told to `logger`, if there is one.
    """

    def __init__(self, engine: Engine, logger: RunLogger | None = None) -> None:
        self._engine, self._writer, self._logger = engine, Writer(engine), logger

    @classmethod
    def open(cls, where: str | Path | None = None, logger: RunLogger | None = None) -> RunStore:
        """The store at a file or at the URL of a database, by default at `default_place`. Raises `RunsError`."""
        return cls(open_database(where or default_place()), logger)

    def close(self) -> None:
        """Close all connections, after the logger has come to its end. Runs that have not ended will count as interrupted."""
        if self._logger:
            self._logger.close()
        self._writer.close()
        self._engine.dispose()

    def add(self, request: RunRequest) -> int:
        """A new run that waits; returns its number."""
        with Session(self._engine) as session, session.begin():
            self._writer.register(session)
            asked = {**asdict(request), "kind": request.kind.value}
            asked["group_name"] = asked.pop("group")
            row = StoredRun(**asked, writer=self._writer.id, state=RunState.QUEUED.value, created=now(session))
            session.add(row)
            session.flush()
            number = row.id
        self._writer.began(number)
        return number

    def start(self, number: int) -> None:
        """The run begins. Raises `RunsError` if it has ended."""

        def begin(row: StoredRun, session: Session) -> None:
            if RunState(row.state).has_ended:
                raise RunsError(f"run {number} has ended ({row.state}), so it cannot begin")
            row.state, row.started = RunState.RUNNING.value, now(session)

        self._change(number, begin)

    def finish(self, number: int, result: RunResult) -> None:
        """The run has found `result`."""

        def keep(row: StoredRun, session: Session) -> None:
            for name in ("weights", "inputs", "seconds", "peak_bytes", "figures", "health"):
                setattr(row, name, getattr(result, name))
            row.notes = list(result.notes)
            row.scores = [_stored(place, score) for place, score in enumerate(result.scores)]

        self._end(number, RunState.DONE, keep)

    def fail(self, number: int, error: str) -> None:
        """The run has ended with this message."""
        self._end(number, RunState.FAILED, lambda row, _: setattr(row, "error", error))

    def cancel(self, number: int) -> None:
        """The run was stopped."""
        self._end(number, RunState.CANCELLED, lambda row, _: None)

    def annotate(
        self,
        number: int,
        *,
        note: str | None = None,
        starred: bool | None = None,
        archived: bool | None = None,
        tags: Iterable[str] | None = None,
    ) -> None:
        """Say something about a run; what is None stays as it is. Raises `RunsError` for an unknown number and an empty tag."""
        words = None if tags is None else sorted({tag.strip() for tag in tags})
        if words is not None and not all(words):
            raise RunsError("a tag needs at least one letter")

        def say(row: StoredRun, _: Session) -> None:
            for name, value in {"note": note, "starred": starred, "archived": archived}.items():
                if value is not None:
                    setattr(row, name, value)
            if words is not None:
                row.tags = [StoredTag(tag=word) for word in words]

        self._change(number, say)

    def get(self, number: int) -> RunRecord:
        """The run of this number. Raises `RunsError` if there is none."""
        found = self._found(select(StoredRun).where(StoredRun.id == number))
        if not found:
            raise RunsError(f"there is no run {number}; mergelab runs list shows those that there are")
        return found[0]

    def runs(
        self,
        *,
        states: Sequence[RunState] | None = None,
        kinds: Sequence[RunKind] | None = None,
        group: str | None = None,
        digest: str | None = None,
        tag: str | None = None,
        starred: bool | None = None,
        archived: bool | None = False,
        limit: int | None = None,
    ) -> list[RunRecord]:
        """Runs that fit all that is not None, the newest first."""
        query = select(StoredRun).order_by(StoredRun.id.desc()).limit(limit)
        if states is not None:
            query = query.where(StoredRun.state.in_([state.value for state in states]))
        if kinds is not None:
            query = query.where(StoredRun.kind.in_([kind.value for kind in kinds]))
        if tag is not None:
            query = query.where(StoredRun.tags.any(StoredTag.tag == tag))
        plain = (
            (StoredRun.group_name, group),
            (StoredRun.digest, digest),
            (StoredRun.starred, starred),
            (StoredRun.archived, archived),
        )
        return self._found(query.where(*(column == value for column, value in plain if value is not None)))

    def remove(self, numbers: Iterable[int]) -> int:
        """Forget runs that have ended, with their scores; returns how many there were."""
        with Session(self._engine) as session, session.begin():
            interrupt_lost(session)
            rows = session.scalars(select(StoredRun).where(StoredRun.id.in_(list(numbers)))).all()
            ended = [row for row in rows if RunState(row.state).has_ended]
            for row in ended:
                session.delete(row)
            return len(ended)

    def _found(self, query: Select[StoredRun]) -> list[RunRecord]:
        with Session(self._engine) as session, session.begin():
            interrupt_lost(session)
        with Session(self._engine.execution_options(**{READING: True})) as session:
            return [_run(row) for row in session.scalars(query)]

    def _change(self, number: int, change: Callable[[StoredRun, Session], None]) -> None:
        with Session(self._engine) as session, session.begin():
            row = session.get(StoredRun, number, with_for_update=True)
            if row is None:
                raise RunsError(f"there is no run {number}; mergelab runs list shows those that there are")
            change(row, session)

    def _end(self, number: int, state: RunState, keep: Callable[[StoredRun, Session], None]) -> None:
        """End a run. One that counts as interrupted because its process was silent for long may still end well."""

        def end(row: StoredRun, session: Session) -> None:
            if RunState(row.state) in (RunState.DONE, RunState.FAILED, RunState.CANCELLED):
                raise RunsError(f"run {number} has ended ({row.state})")
            keep(row, session)
            row.state, row.ended, row.writer = state.value, now(session), None

        self._change(number, end)
        self._writer.ended(number)
        if self._logger:
            self._logger.log(number, self.get)


def _run(row: StoredRun) -> RunRecord:
    request = RunRequest(
        RunKind(row.kind), row.name, row.recipe, row.digest, row.device, row.split, row.group_name, row.provenance
    )
    state = RunState(row.state)
    return RunRecord(
        row.id,
        request,
        state,
        row.created,
        row.started,
        row.ended,
        _result(row) if state is RunState.DONE else None,
        row.error,
        row.note,
        row.starred,
        row.archived,
        frozenset(tag.tag for tag in row.tags),
    )


def _result(row: StoredRun) -> RunResult:
    return RunResult(
        row.weights,
        row.inputs,
        row.seconds,
        row.peak_bytes,
        row.figures,
        row.health,
        tuple(row.notes),
        tuple(map(_score, row.scores)),
    )


def _stored(place: int, score: Score) -> StoredScore:
    found = asdict(score)
    return StoredScore(**found | {"place": place, "notes": list(score.notes)})


def _score(row: StoredScore) -> Score:
    answers = None if row.answers is None else Answers(**row.answers)
    figures = (row.task, row.split, row.metric, row.value, row.n, row.low, row.high)
    return Score(*figures, answers, row.asked, row.first, tuple(row.notes))
