"""Tells from the database which processes that write runs are alive."""

from __future__ import annotations

import os
import socket
import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import Engine, delete, func, or_, select, update
from sqlalchemy.orm import Session

from mergelab.runs.run_record import RunState
from mergelab.runs.tables import StoredRun, StoredWriter

EVERY = 3.0
"""Seconds between two signs of life, while a run of the process has not ended."""
LOST = timedelta(seconds=15)
"""A process without a sign for so long is dead: it was killed, or its machine is gone."""


class Writer:
    """This process as a writer of runs. It gives signs of life while it has runs that have not ended."""

    def __init__(self, engine: Engine) -> None:
        self.id, self._engine = uuid4().hex, engine
        self._open: set[int] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def register(self, session: Session) -> None:
        """Be known and alive as of now; a run that follows in the same transaction is never without a living writer."""
        process = f"{socket.gethostname()}:{os.getpid()}"
        session.merge(StoredWriter(id=self.id, process=process, seen=now(session)))
        session.flush()

    def began(self, run: int) -> None:
        """A run of this process has begun, so there are signs of life until it ends."""
        with self._changed:
            self._open.add(run)
            if self._thread is None:
                self._thread = threading.Thread(target=self._signs_of_life, name="runs", daemon=True)
                self._thread.start()

    def ended(self, run: int) -> None:
        """A run of this process has ended."""
        with self._changed:
            self._open.discard(run)
            self._changed.notify()

    def close(self) -> None:
        """No more signs of life."""
        with self._changed:
            thread = self._thread
            self._open.clear()
            self._changed.notify()
        if thread is not None:
            thread.join()

    def _signs_of_life(self) -> None:
        while True:
            with self._changed:
                if self._changed.wait_for(lambda: not self._open, EVERY):
                    self._thread = None
                    return
            with Session(self._engine) as session, session.begin():
                self.register(session)


def now(session: Session) -> datetime:
    """The time: of the database's own clock where several machines may write, so that theirs need not agree."""
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)
    found: datetime = session.scalars(select(func.now())).one()
    return found.astimezone(UTC)


def interrupt_lost(session: Session) -> None:
    """Say of runs whose process is dead that they were interrupted, and forget dead processes."""
    at = now(session)
    lost = select(StoredWriter.id).where(StoredWriter.seen < at - LOST)
    open_states = [state.value for state in RunState if not state.has_ended]
    orphaned = or_(StoredRun.writer.is_(None), StoredRun.writer.in_(lost))
    ended = {"state": RunState.INTERRUPTED.value, "ended": at}
    session.execute(update(StoredRun).where(StoredRun.state.in_(open_states), orphaned).values(ended))
    session.execute(update(StoredRun).where(StoredRun.writer.in_(lost)).values(writer=None))
    session.execute(delete(StoredWriter).where(StoredWriter.seen < at - LOST))
