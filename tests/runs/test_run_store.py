from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from repository import ROOT, TESTS
from runs.samples import REQUEST, RESULT
from sqlalchemy import Engine, update

from mergelab.runs import RunKind, RunRequest, RunsError, RunState, RunStore
from mergelab.runs.run_store import default_place
from mergelab.runs.tables import StoredWriter


def test_a_run_comes_back_as_it_was_told(store: RunStore) -> None:
    number = store.add(REQUEST)
    assert store.get(number).state is RunState.QUEUED
    store.start(number)
    assert store.get(number).state is RunState.RUNNING
    store.finish(number, RESULT)

    run = store.get(number)

    assert (run.id, run.state, run.request, run.result) == (number, RunState.DONE, REQUEST, RESULT)
    assert run.created.tzinfo is UTC and run.started and run.ended and run.created <= run.started <= run.ended


def test_a_failed_run_keeps_its_message_and_has_no_result(store: RunStore) -> None:
    number = store.add(REQUEST)
    store.fail(number, "the disk is full")
    run = store.get(number)
    assert (run.state, run.error, run.result) == (RunState.FAILED, "the disk is full", None)


def test_a_run_ends_once(store: RunStore) -> None:
    number = store.add(REQUEST)
    store.cancel(number)
    with pytest.raises(RunsError, match=rf"run {number} has ended \(cancelled\)"):
        store.finish(number, RESULT)
    with pytest.raises(RunsError, match=rf"run {number} has ended \(cancelled\), so it cannot begin"):
        store.start(number)


def test_a_person_can_say_something_about_a_run(store: RunStore) -> None:
    number = store.add(REQUEST)
    store.annotate(number, note="sharp", starred=True, tags=["paper", " paper ", "best"])
    store.annotate(number, archived=True)
    run = store.get(number)
    assert (run.note, run.starred, run.archived, run.tags) == ("sharp", True, True, {"paper", "best"})
    store.annotate(number, tags=["best"])
    assert store.get(number).tags == {"best"}
    with pytest.raises(RunsError, match="at least one letter"):
        store.annotate(number, tags=[" "])


def test_runs_are_listed_from_the_newest_and_by_what_is_asked(store: RunStore) -> None:
    first, second, third = (store.add(RunRequest(kind, "x", group=group)) for kind, group in CHOICES)
    store.cancel(first)
    store.annotate(second, starred=True, tags=["t"])
    store.annotate(third, archived=True)

    def numbers(**asked: object) -> list[int]:
        return [run.id for run in store.runs(**asked)]

    assert numbers() == [second, first]
    assert numbers(archived=None) == [third, second, first]
    assert numbers(archived=None, limit=1) == [third]
    assert numbers(states=[RunState.CANCELLED]) == [first]
    assert numbers(kinds=[RunKind.EVALUATION]) == [second]
    assert numbers(group="b", archived=True) == [third]
    assert numbers(starred=True) == numbers(tag="t") == [second]


CHOICES = ((RunKind.MERGE, "a"), (RunKind.EVALUATION, "b"), (RunKind.MERGE, "b"))


def test_only_runs_that_have_ended_are_removed_and_no_number_comes_back(store: RunStore) -> None:
    ended, waits = store.add(REQUEST), store.add(REQUEST)
    store.finish(ended, RESULT)
    assert store.remove([ended, waits]) == 1
    assert [run.id for run in store.runs()] == [waits]
    store.cancel(waits)
    store.remove([waits])
    assert store.add(REQUEST) > waits


def test_an_unknown_run_is_refused(store: RunStore) -> None:
    with pytest.raises(RunsError, match="there is no run 7; mergelab runs list shows"):
        store.get(7)
    with pytest.raises(RunsError, match="there is no run 7"):
        store.annotate(7, starred=True)


def test_many_writers_at_once_lose_nothing(place: str, store: RunStore) -> None:
    def write(_: int) -> int:
        own = RunStore.open(place)
        number = own.add(REQUEST)
        own.finish(number, RESULT)
        own.close()
        return number

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(write, range(24)))
    assert sorted(run.id for run in store.runs(states=[RunState.DONE])) == sorted(numbers)
    assert len(set(numbers)) == 24


def test_what_a_dead_process_began_is_interrupted_and_what_it_ended_is_kept(
    place: str, store: RunStore, engine: Engine
) -> None:
    command = [sys.executable, "-c", KILLED, place]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{TESTS}"}
    told = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    done, running = map(int, told.stdout.split())
    assert store.get(running).state is RunState.RUNNING  # it may only be slow
    long_ago = store.get(running).created - timedelta(minutes=1)
    with engine.begin() as connection:
        connection.execute(update(StoredWriter).values(seen=long_ago))
    assert (store.get(done).state, store.get(done).result) == (RunState.DONE, RESULT)
    run = store.get(running)
    assert run.state is RunState.INTERRUPTED and run.ended is not None


KILLED = """
import os, signal, sys
from mergelab.runs import RunStore
from runs.samples import REQUEST, RESULT
store = RunStore.open(sys.argv[1])
done, running = store.add(REQUEST), store.add(REQUEST)
store.start(running)
store.finish(done, RESULT)
print(done, running, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_default_place_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MERGELAB_DATA", str(tmp_path))
    assert default_place() == str(tmp_path / "runs.sqlite")
    monkeypatch.setenv("MERGELAB_RUNS", "postgresql://host/runs")
    assert default_place() == "postgresql://host/runs"
