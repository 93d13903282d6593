"""Work on several threads: in order, and never far ahead."""

from __future__ import annotations

from threading import Event

import pytest
import torch

from mergelab.engine.threads import in_order, torch_threads


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("weight", [0, 1])
def test_results_come_in_the_order_of_the_items(threads: int, weight: int) -> None:
    assert list(in_order(str, range(40), threads, lambda _: weight)) == [str(item) for item in range(40)]
    assert list(in_order(str, [], threads)) == []


def test_small_ones_are_done_while_a_large_one_takes_its_time() -> None:
    done = Event()

    def work(item: int) -> int:
        if item == 0:
            assert done.wait(30)
        if item == 9:
            done.set()
        return item

    assert list(in_order(work, range(10), 2, lambda item: 1 if item else 9)) == list(range(10))


def test_what_is_begun_and_not_taken_weighs_little() -> None:
    begun: list[int] = []
    shown = in_order(lambda item: begun.append(item), range(100), 2, lambda item: 1 + item % 2)
    for taken, _ in enumerate(shown, 1):
        assert sum(1 + item % 2 for item in begun[taken - 1 :]) <= 3 * 2


def test_a_failure_is_raised_in_its_place() -> None:
    results = in_order(lambda item: 1 // (item - 3), range(100), 2)
    assert [next(results) for _ in range(3)] == [-1, -1, -1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_the_number_of_torch_threads_comes_back_after_an_error_too() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(RuntimeError), torch_threads(1):
            assert torch.get_num_threads() == 1
            raise RuntimeError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
