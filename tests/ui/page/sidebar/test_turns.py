"""Events of one name begin in the order in which their page sent them, however their requests come."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest

from mergelab.ui.page.sidebar import turns as module
from mergelab.ui.page.sidebar.turns import Turns


def begun(numbers: Sequence[int], turns: Turns, page: str = "page") -> list[int]:
    """The order in which events begin that come in this order, one shortly after the other."""
    found: list[int] = []

    def event(number: int) -> None:
        with turns.turn(page, number):
            found.append(number)

    threads = [threading.Thread(target=event, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
        time.sleep(0.02)
    for thread in threads:
        thread.join()
    return found


def test_events_that_overtake_others_wait_for_them() -> None:
    assert begun([3, 2, 1], Turns(patience=60)) == [1, 2, 3]


def test_an_event_that_never_comes_is_not_waited_for_longer_than_the_patience() -> None:
    turns = Turns(patience=0.05)
    assert begun([2], turns) == [2]
    assert begun([1, 3], turns) == [1, 3], "the late one begins too, and the next one need not wait for anything"


def test_pages_do_not_wait_for_each_other_nor_programs_for_anything() -> None:
    turns = Turns(patience=60)
    assert begun([1], turns, "a") == begun([1], turns, "b") == [1]
    with turns.turn("c", None):
        pass


def test_an_event_that_fails_has_begun() -> None:
    turns = Turns(patience=60)
    with pytest.raises(ValueError, match="no"), turns.turn("page", 1):
        raise ValueError("no")
    assert begun([2], turns) == [2]


def test_the_pages_that_have_been_quiet_longest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    turns = Turns(patience=0.0)
    for page in "abac":
        with turns.turn(page, 1):
            pass
    assert list(turns._begun) == ["a", "c"]
