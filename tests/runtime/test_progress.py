"""Long work as generators: what is yielded on the way, and what comes back."""

from __future__ import annotations

from collections.abc import Generator

from mergelab.runtime.progress import Progress, ProgressGen, finish, map_progress


def counting(to: int) -> Generator[int, None, str]:
    yield from range(to)
    return "counted"


def test_work_is_told_anew_step_by_step_without_what_there_is_nothing_to_say_of() -> None:
    anew = map_progress(counting(4), lambda number: f"step {number}" if number % 2 else None)
    assert list(anew) == ["step 1", "step 3"]


def test_work_that_is_told_anew_has_the_same_result() -> None:
    def steps() -> ProgressGen[str]:
        return (yield from map_progress(counting(2), lambda number: Progress("Counting", number, 2)))

    seen: list[Progress] = []
    assert finish(steps(), seen.append) == "counted"
    assert [progress.done for progress in seen] == [0, 1]


def test_work_that_is_told_anew_ends_where_it_is_closed() -> None:
    work = counting(9)
    anew = map_progress(work, str)
    assert next(anew) == "0"
    anew.close()
    assert next(work, "closed") == "closed"
