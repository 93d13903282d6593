"""How a turned knob becomes charts: the page reports it in one request that bypasses Gradio's event queue."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from fastapi import HTTPException

from mergelab.ui.messages import KnobChanges, decode, encode
from mergelab.ui.page.panel_texts import sent, texts_of
from mergelab.ui.page.sidebar.sidebar_state import SidebarState
from mergelab.ui.page.sidebar.wiring import PANEL, Call, Updates
from mergelab.ui.session.session import Session
from mergelab.ui.session.update import Update


class KnobChangeHandler:
    """Takes reports of turned knobs. `turning` are the names of the widgets that may be reported."""

    def __init__(self, state: SidebarState, turning: Collection[str]) -> None:
        self.state, self.turning = state, frozenset(turning)

    def endpoint(self) -> Callable[[dict[str, Any]], str]:
        """The function that the page calls. It answers with the numbered texts of what can be shown at once, as JSON."""

        def turned(told: dict[str, Any]) -> str:
            changes = self._checked(told)
            session = self.state.lab.session(changes.visitor)
            with session.lock:
                self.state.set(session, changes.values)
                return encode(texts_of(self._at_once(session)))

        return turned

    def show(self, call: Call) -> Updates:
        """What can be shown at once of the recipe on the sidebar, after another event has changed it."""
        session = self.state.lab.session(call.visitor)
        with session.lock:
            return {PANEL: sent(self._at_once(session))}

    def _checked(self, told: object) -> KnobChanges:
        try:
            changes = decode(KnobChanges, told)
        except ValueError as error:
            raise HTTPException(422, "turned takes a visitor, and values by the elem_id of widgets") from error
        unknown = changes.values.keys() - self.turning
        if unknown:
            raise HTTPException(
                422, f"turned takes values by the elem_id of widgets; unknown: {', '.join(sorted(unknown))}"
            )
        return changes

    def _at_once(self, session: Session) -> Update:
        """The charts of the recipe on the sidebar. If they need work first, the page is told to ask for a preview."""
        update = self._look_up(session) or Update()
        shown = update.charts or update.stack or session.rests
        return update if shown else replace(update, later=time.monotonic())

    def _look_up(self, session: Session) -> Update | None:
        """The charts if they are known, else the link alone; None before the page has opened and for invalid recipes."""
        try:
            form = self.state.form(session)
            session.screen.want(form)
            if not session.opened.is_set():
                return None
            return next(session.preview(form)) if session.knows(form) else session.screen.linked(form)
        except ValueError:
            return None
