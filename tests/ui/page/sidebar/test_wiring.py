"""Handlers get values by name and set widgets by name, whatever order Gradio passes them in."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from gradio.events import EventData

from mergelab.ui.messages import UnpinRequest
from mergelab.ui.page.sidebar.wiring import Call, Updates, Wiring

WIDGETS = {"first": object(), "second": object(), "panel": object()}
REQUEST = SimpleNamespace(session_hash="visitor", query_params={"suite": "pixels"}, request=None)


def attached(handler: Any, **more: Any) -> tuple[Any, list[Any], list[Any]]:
    """What Gradio is given: function, inputs, outputs."""
    given: list[Any] = []
    Wiring(WIDGETS).attach(lambda *each, **options: given.extend(each), handler, **more)
    return given[0], given[1], given[2]


def test_values_come_by_name_and_updates_go_by_name() -> None:
    calls: list[Call] = []

    def handler(call: Call) -> Updates:
        calls.append(call)
        return {"second": 5}

    called, inputs, outputs = attached(handler, inputs=["second", "first"], outputs=["first", "second"])
    assert inputs == [WIDGETS["second"], WIDGETS["first"]]
    assert outputs == [WIDGETS["first"], WIDGETS["second"]]
    assert called(REQUEST, EventData(None, {}), "two", "one") == {WIDGETS["second"]: 5}
    assert calls == [Call("visitor", {"suite": "pixels"}, {"second": "two", "first": "one"})]


def test_a_handler_may_answer_step_by_step_and_the_panel_gets_every_part_again_until_the_end() -> None:
    def handler(call: Call) -> Iterator[Updates]:
        yield {"panel": {"own": "1 a", "status": "1 b"}, "first": 1}
        yield {"panel": {"status": "2 c"}}
        yield {"first": 2}

    called, _, _ = attached(handler)
    panel, first = WIDGETS["panel"], WIDGETS["first"]
    assert list(called(REQUEST, EventData(None, {}))) == [
        {panel: {"own": "1 a", "status": "1 b"}, first: 1},
        {panel: {"own": "1 a", "status": "2 c"}},
        {first: 2},
    ]


def test_an_events_message_is_checked_before_the_handler_sees_it() -> None:
    called, _, _ = attached(lambda call: {"panel": call.message}, carries=UnpinRequest)
    assert called(REQUEST, EventData(None, {"slot": "a"})) == {WIDGETS["panel"]: UnpinRequest("a")}
    with pytest.raises(ValueError, match="slot"):
        called(REQUEST, EventData(None, {"slot": 1}))
    with pytest.raises(ValueError, match="more"):
        called(REQUEST, EventData(None, {"slot": "a", "more": 1}))


def started(called: Any, number: int) -> threading.Thread:
    """An event of the page that Gradio calls in a thread of its own, and that has had time to begin."""
    event = EventData(None, {"slot": str(number), "ordinal": number})
    thread = threading.Thread(target=lambda: list(called(REQUEST, event)))
    thread.start()
    time.sleep(0.05)
    return thread


def test_events_of_which_several_may_be_under_way_begin_in_the_pages_order() -> None:
    begun: list[str] = []

    def handler(call: Call) -> Iterator[Updates]:
        begun.append(call.message.slot)
        yield {}

    called, _, _ = attached(handler, carries=UnpinRequest, trigger_mode="multiple")
    for thread in [started(called, 2), started(called, 1)]:
        thread.join()
    assert begun == ["1", "2"]


def test_a_later_event_does_not_wait_for_the_end_of_an_earlier_one() -> None:
    ends = threading.Event()

    def handler(call: Call) -> Iterator[Updates]:
        yield {}
        if call.message.slot == "1":
            assert ends.wait(60)

    called, _, _ = attached(handler, carries=UnpinRequest, trigger_mode="multiple")
    first = started(called, 1)
    started(called, 2).join()
    assert first.is_alive()
    ends.set()
    first.join()


def test_events_that_gradio_may_drop_wait_for_nothing() -> None:
    called, _, _ = attached(lambda call: {"first": 1}, trigger_mode="always_last")
    assert called(REQUEST, EventData(None, {"ordinal": 7})) == {WIDGETS["first"]: 1}
