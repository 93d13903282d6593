"""What the Answers tab asks for: examples with their answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mergelab.ui.messages import AnswersRequest
from mergelab.ui.page.panel_texts import sent
from mergelab.ui.page.sidebar.sidebar_state import SidebarState
from mergelab.ui.page.sidebar.wiring import PANEL, Call, Updates
from mergelab.ui.session.update import Updates as Answered


@dataclass(frozen=True)
class AnswersTab:
    """The handlers of the tab."""

    state: SidebarState

    def show(self, call: Call) -> Iterator[Updates]:
        """One page of examples."""
        yield from self._followed(call, export=False)

    def export(self, call: Call) -> Iterator[Updates]:
        """All examples under a filter as CSV."""
        yield from self._followed(call, export=True)

    def _followed(self, call: Call, export: bool) -> Iterator[Updates]:
        asked: AnswersRequest = call.message
        session = self.state.lab.session(call.visitor)
        view = session.answers_view
        try:
            form = self.state.form(session)
            updates: Answered = view.export(form, asked) if export else view.show(form, asked)
            for update in updates:
                yield {PANEL: sent(update)}
        except ValueError:
            return  # the form itself is wrong, and its preview explains the problem
