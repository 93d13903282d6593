"""Handlers receive and set widgets by name. Gradio passes positions; this file is the only place that translates."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

import gradio as gr

from mergelab.ui.messages import decode
from mergelab.ui.page.gradio_compat import MANY, payload_of
from mergelab.ui.page.sidebar.turns import Turns
from mergelab.ui.page.visitor import owner_of
from mergelab.ui.session.queueing.job_limits import NOBODY, Client

PANEL = "panel"
Widget = Any
Updates = dict[str, Any]
"""What becomes of widgets, by name: a value or a `gr.update`."""


@dataclass(frozen=True)
class Call:
    """One call of a handler: by which visitor, at which address, with what some widgets hold, with the message of the event,
    if it carries one, and by which client."""

    visitor: str
    query: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    message: Any = None
    client: Client = NOBODY


Handler = Callable[[Call], Updates] | Callable[[Call], Iterator[Updates]]


@dataclass(frozen=True)
class Wiring:
    """All widgets of the page by name."""

    widgets: Mapping[str, Widget]

    def attach(
        self,
        listener: Callable[..., Any],
        handler: Handler,
        inputs: Sequence[str] = (),
        outputs: Sequence[str] = (PANEL,),
        carries: type | None = None,
        **options: Any,
    ) -> Any:
        """Call the handler at an event with what `inputs` hold; it may set `outputs`. `carries` is the class of the event's
        message. Events of which several may be under way begin in the order in which the page sent them."""
        turns = Turns() if options.get("trigger_mode") == MANY else None
        called = self._positional(handler, inputs, carries, turns)
        return listener(called, *([self.widgets[name] for name in names] for names in (inputs, outputs)), **options)

    def _positional(
        self, handler: Handler, inputs: Sequence[str], carries: type | None, turns: Turns | None
    ) -> Callable[..., Any]:
        """The function that Gradio calls: it gets values by position and returns updates by component."""

        def turn_of(request: gr.Request, event: gr.EventData) -> AbstractContextManager[None]:
            return turns.turn(owner_of(request).visitor, payload_of(event)[1]) if turns else nullcontext()

        def call_of(request: gr.Request, event: gr.EventData, values: Sequence[Any]) -> Call:
            message = decode(carries, payload_of(event)[0]) if carries else None
            named, owner = dict(zip(inputs, values, strict=True)), owner_of(request)
            return Call(owner.visitor, dict(request.query_params), named, message, owner.client)

        def by_widget(updates: Updates) -> dict[Widget, Any]:
            return {self.widgets[name]: update for name, update in updates.items()}

        def step_by_step(request: gr.Request, event: gr.EventData, *values: Any) -> Iterator[dict[Widget, Any]]:
            so_far: dict[str, Any] = {}
            steps: Iterator[Updates] = iter(handler(call_of(request, event, values)))  # type: ignore[arg-type]
            with turn_of(request, event):
                first = list(islice(steps, 1))
            for updates in chain(first, steps):
                yield by_widget(_with_earlier_parts(updates, so_far))

        def at_once(request: gr.Request, event: gr.EventData, *values: Any) -> dict[Widget, Any]:
            with turn_of(request, event):
                return by_widget(handler(call_of(request, event, values)))  # type: ignore[arg-type]

        return step_by_step if inspect.isgeneratorfunction(handler) else at_once


def _with_earlier_parts(updates: Updates, so_far: dict[str, Any]) -> Updates:
    """The updates with all parts that the panel got from the same event before, which `so_far` collects.

    Gradio's page may drop an update that another one follows at once. What comes twice is drawn once: parts are numbered.
    """
    so_far.update(updates.get(PANEL, {}))
    return {**updates, PANEL: dict(so_far)} if PANEL in updates else updates
