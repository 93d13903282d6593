from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from mergelab.jobs.recording.recorded_job import recorded
from mergelab.runs import RunKind, RunRequest, RunResult, RunState, RunStore
from mergelab.runtime.progress import Progress, finish

REQUEST = RunRequest(RunKind.MERGE, "average")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    opened = RunStore.open(tmp_path / "runs.sqlite")
    yield opened
    opened.close()


def job(error: BaseException | None = None) -> Generator[Progress, None, str]:
    yield Progress("Merging", 1, 2)
    if error:
        raise error
    return "hash"


def test_what_the_job_found_is_kept_with_its_time(store: RunStore) -> None:
    number, result = finish(recorded(store, REQUEST, job(), lambda found: RunResult(weights=found)))
    run = store.get(number)
    assert result == "hash" and run.state is RunState.DONE
    assert run.result is not None and run.result.weights == "hash" and run.result.seconds > 0


def test_a_run_is_there_while_the_job_goes_on(store: RunStore) -> None:
    steps = recorded(store, REQUEST, job(), lambda found: RunResult())
    next(steps)
    assert [run.state for run in store.runs()] == [RunState.RUNNING]
    steps.close()
    assert [run.state for run in store.runs()] == [RunState.CANCELLED]


@pytest.mark.parametrize(
    ("error", "state", "told"),
    [
        (ValueError("no such model"), RunState.FAILED, "no such model"),
        (MemoryError(), RunState.FAILED, "MemoryError"),
        (KeyboardInterrupt(), RunState.CANCELLED, ""),
    ],
)
def test_a_job_that_does_not_end_well_says_so(
    store: RunStore, error: BaseException, state: RunState, told: str
) -> None:
    with pytest.raises(type(error)):
        finish(recorded(store, REQUEST, job(error), lambda found: RunResult()))
    (run,) = store.runs()
    assert (run.state, run.error) == (state, told)


def test_a_result_that_cannot_be_read_is_a_failure(store: RunStore) -> None:
    with pytest.raises(KeyError):
        finish(recorded(store, REQUEST, job(), lambda found: {}[found]))
    assert [run.state for run in store.runs()] == [RunState.FAILED]
