"""Everything that depends on how Gradio works inside, with the reason for each.

`VERSIONS` were checked by hand; `missing` says what another version no longer has. Nothing else in the page touches a private
name of Gradio or relies on an undocumented order of its events.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.events import EventData, EventListener
from gradio.helpers import special_args
from gradio.queueing import Queue
from gradio.utils import get_upload_folder
from starlette.applications import Starlette

ORDINAL = "ordinal"
"""How an event's payload names its place among those of its name; `requests.js` puts it there."""
VERSIONS = ("6.31.0",)
"""The versions of Gradio that the page was checked with."""

# ---- Options of events.
#
# preprocess=False: values come as the browser sent them. The recipe checks them, and explains problems in its own words.
# show_progress="hidden": Gradio's own progress overlay would cover the charts.
# api_visibility="private": programs use the endpoints in endpoints.py.

MANY = "multiple"
"""The trigger mode of events of which several may be under way."""
LOOK_UP = {
    "preprocess": False,
    "concurrency_id": "preview",
    "concurrency_limit": None,
    "show_progress": "hidden",
    "trigger_mode": "always_last",
    "api_visibility": "private",
}
"""Quick events without a payload. While one runs, Gradio keeps only the last of those that follow."""
PAYLOAD = {**LOOK_UP, "trigger_mode": MANY}
"""Quick events with a payload. They must not use `always_last`: Gradio sends the last event with the first one's payload."""
HEAVY = {
    "preprocess": False,
    "concurrency_id": "heavy",
    "concurrency_limit": None,
    "show_progress": "hidden",
    "api_visibility": "private",
}
"""Events that wait for the worker. It runs one job at a time, and the others are told their place in the queue. What waits in
Gradio's own queue is told nothing, so there is no limit here; serving/event_limits.py has one for each client."""
UNQUEUED = {"preprocess": False, "show_progress": "hidden", "queue": False, "api_visibility": "private"}
"""Events that must not wait behind others, such as Stop."""
WIDGET = {**UNQUEUED, "trigger_mode": "always_last"}
"""Events of widgets. In any other mode, Gradio drops what comes while an event is under way, and a value would be lost."""
IN_BROWSER = {"show_progress": "hidden", "api_visibility": "private", "trigger_mode": MANY}
"""Events that never reach the server."""


def quietly(options: Mapping[str, Any], on: Any) -> dict[str, Any]:
    """The options with the progress of the event kept on the component `on`.

    Gradio's page writes an event's progress into every component that shows it, all outputs by default, and from then on
    again at every event of the page. `on` should be a component that shows no progress.
    """
    return {**options, "show_progress_on": on}


# ---- The panel, which is one gr.HTML.


def lighten(panel: gr.HTML) -> gr.HTML:
    """Give the panel the attributes that Gradio asks every component for.

    A gr.HTML answers for an attribute that it does not have by searching its whole script for an event of that name, and
    Gradio asks at every update.
    """
    vars(panel).update(dict.fromkeys(("every", "inputs", "server_functions")))
    vars(panel).update(dict.fromkeys(("is_template", "likeable", "_undoable", "_retryable"), False))
    return panel


def listener(panel: gr.HTML, event: str) -> Callable[..., Any]:
    """What attaches handlers to an event that the panel's script triggers.

    `panel.EVENT` finds such events only if the name stands in quotes in the script.
    """
    return partial(EventListener(event_name=event).listener, panel)


def show_from_the_start(panel: gr.HTML, texts: Mapping[str, str], blocks: gr.Blocks) -> None:
    """From now on the page arrives with these properties of the panel. Gradio serves a config that it keeps from its start."""
    panel.props.update(texts)
    blocks.config = blocks.get_config_file()


def payload_of(event: EventData) -> tuple[Any, Any]:
    """What the browser passed to `trigger`, and which of the page's events of this name it is. EventData only offers both
    attribute by attribute."""
    payload = event._data
    if not isinstance(payload, dict):
        return payload, None
    return {name: value for name, value in payload.items() if name != ORDINAL}, payload.get(ORDINAL)


def upload_folder() -> Path:
    """Where Gradio puts what is uploaded: with `preprocess=False` nobody has checked that a named file is there."""
    return Path(get_upload_folder()).resolve()


# ---- The server.


def limit_events(blocks: gr.Blocks, complaint: Callable[[gr.Request, list[gr.Request]], str]) -> None:
    """Ask before an event is taken. `complaint` gets its request and those of the events that wait or run, and returns why the
    event is refused, or empty text. Gradio limits only the sum of what waits, so one client could fill all of it."""
    queue = blocks._queue
    push = queue.push

    async def asked_first(body: Any, request: Any, username: str | None) -> Any:
        held = [event for waiting in queue.event_queue_per_concurrency_id.values() for event in waiting.queue]
        held += [event for running in queue.active_jobs for event in running or ()]
        told = complaint(_as_gradio(request, body.session_hash), [_as_gradio(e.request, e.session_hash) for e in held])
        return (False, told, "queue_full") if told else await push(body=body, request=request, username=username)

    queue.push = asked_first


def _as_gradio(request: Any, session_hash: str | None) -> gr.Request:
    return gr.Request(request, session_hash=session_hash)


@asynccontextmanager
async def own_middleware_first(app: Starlette) -> AsyncIterator[None]:
    """A lifespan in which this package's middleware stands before Gradio's, one of which answers cross-origin preflights."""
    app.user_middleware.sort(key=lambda each: not each.cls.__module__.startswith("mergelab."))
    app.middleware_stack = app.build_middleware_stack()
    yield


# ---- What another version may have changed.


def missing() -> list[str]:
    """What this file touches and the installed Gradio does not have."""
    touched = {
        "gradio.blocks.Blocks.get_config_file": hasattr(gr.Blocks, "get_config_file"),
        "gradio.events.EventListener.listener": hasattr(EventListener(event_name="any"), "listener"),
        "gradio.events.EventData._data": "_data" in vars(EventData(None, {})),
        "gradio.components.HTML.props": "self.props = " in inspect.getsource(gr.HTML.__init__),
        "gradio.components.HTML.__getattr__": "__getattr__" in vars(gr.HTML),
        "gradio.helpers.special_args by annotation": _passes_by_annotation(),
        "gradio.queueing.Queue.push": {"body", "request", "username"} <= set(inspect.signature(Queue.push).parameters),
        "gradio.queueing.Queue.active_jobs": "self.active_jobs" in inspect.getsource(Queue),
        "gradio.queueing.Queue.event_queue_per_concurrency_id": "self.event_queue_per_concurrency_id"
        in inspect.getsource(Queue),
        **{f"gradio asks for {name}": f'"{name}"' in _asking() for name in ("_undoable", "_retryable", "likeable")},
        **{
            f"gradio.components.HTML({name})": name in inspect.signature(gr.HTML).parameters
            for name in ("every", "inputs")
        },
    }
    return [name for name, is_there in touched.items() if not is_there]


def _asking() -> str:
    return inspect.getsource(Block.get_config)


def _passes_by_annotation() -> bool:
    """Whether a function gets request and event first, if it is annotated so, and then the inputs by position."""

    def called(request: gr.Request, event: gr.EventData, *values: Any) -> None:
        """Like the functions that `wiring` hands to Gradio."""

    request, event = gr.Request(), EventData(None, {})
    given, *_ = special_args(called, inputs=["value"], request=request, event_data=event)
    return given[0] is request and isinstance(given[1], EventData) and given[2:] == ["value"]
