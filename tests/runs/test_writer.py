from __future__ import annotations

import time
from datetime import timedelta

import pytest
from runs.samples import REQUEST
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from mergelab.runs import RunState, RunStore, writer
from mergelab.runs.tables import StoredWriter


def test_a_living_process_keeps_its_long_runs(monkeypatch: pytest.MonkeyPatch, engine: Engine, store: RunStore) -> None:
    monkeypatch.setattr(writer, "EVERY", 0.05)
    number = store.add(REQUEST)
    long_ago = store.get(number).created - timedelta(hours=1)
    with Session(engine) as session, session.begin():
        session.execute(update(StoredWriter).values(seen=long_ago))
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with Session(engine) as session:
            if session.query(StoredWriter).one().seen > long_ago:
                break
        time.sleep(0.02)
    assert store.get(number).state is RunState.QUEUED


def test_signs_of_life_end_with_the_last_run(monkeypatch: pytest.MonkeyPatch, engine: Engine, store: RunStore) -> None:
    monkeypatch.setattr(writer, "EVERY", 30)
    number = store.add(REQUEST)
    thread = store._writer._thread
    assert thread is not None and thread.is_alive()
    store.cancel(number)
    thread.join(20)
    assert not thread.is_alive()


def test_a_run_that_was_taken_for_dead_may_still_end_well(engine: Engine, store: RunStore) -> None:
    number = store.add(REQUEST)
    with Session(engine) as session, session.begin():
        session.execute(update(StoredWriter).values(seen=store.get(number).created - timedelta(hours=1)))
    assert store.get(number).state is RunState.INTERRUPTED
    store.fail(number, "after all")
    assert store.get(number).state is RunState.FAILED
