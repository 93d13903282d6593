"""Runs the session's work for an event, and shows its updates as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mergelab.ui.form.form import Form
from mergelab.ui.page.panel_texts import sent
from mergelab.ui.page.sidebar.sidebar_state import SidebarState
from mergelab.ui.page.sidebar.wiring import PANEL, Updates
from mergelab.ui.session.session import Session
from mergelab.ui.session.status import refusal
from mergelab.ui.session.update import Update

OPENING = 10.0
"""Seconds that a first event waits for the page's own opening event."""
EXPIRED = "Your session has expired. Reload; the recipe is saved in the address."
Work = Callable[[Session, Form], Iterator[Update]]


@dataclass(frozen=True)
class Follower:
    """Finds the session and the form of an event."""

    state: SidebarState

    def updates(self, visitor: str, work: Work) -> Iterator[Update]:
        """The updates of some work on the form on the sidebar, or the reason why there are none."""
        lab = self.state.lab
        session, patience = lab.session(visitor), 0 if lab.has_forgotten(visitor) else OPENING
        if not session.opened.wait(patience):  # the user may be quicker than the page's own first event
            return iter([Update(status=refusal(EXPIRED, "refused"))])
        with session.lock:  # a knob may be turned at any moment: read the form and start the work as one step
            try:
                form = self.state.form(session)
            except ValueError as error:
                return iter([Update(status=session.screen.refuse(error, is_preview=True))])
            session.screen.want(form)
            return work(session, form)

    def follow(self, visitor: str, work: Work) -> Iterator[Updates]:
        """The same, as updates of the panel."""
        for update in self.updates(visitor, work):
            yield shown(update)

    def stop(self, visitor: str) -> Updates:
        """End a visitor's work."""
        return shown(self.state.lab.session(visitor).stop())


def shown(update: Update) -> Updates:
    """The panel's update."""
    return {PANEL: sent(update)}
