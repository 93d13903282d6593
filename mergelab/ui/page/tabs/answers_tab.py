"""What the Answers tab asks for: examples with their answers, and answers to a person's own question."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mergelab.ui.form.form import Form
from mergelab.ui.messages import AnswersRequest, TryRequest
from mergelab.ui.page.follow import Follower
from mergelab.ui.page.panel_texts import sent
from mergelab.ui.page.sidebar.sidebar_state import SidebarState
from mergelab.ui.page.sidebar.wiring import PANEL, Call, Updates
from mergelab.ui.session import update
from mergelab.ui.session.answers.answers_view import AnswersView


@dataclass(frozen=True)
class AnswersTab:
    """The handlers of the tab."""

    state: SidebarState
    follower: Follower

    def show(self, call: Call) -> Iterator[Updates]:
        """One page of examples."""
        asked: AnswersRequest = call.message
        yield from self._looked_up(call, lambda view, form: view.show(form, asked))

    def export(self, call: Call) -> Iterator[Updates]:
        """All examples under a filter as CSV."""
        asked: AnswersRequest = call.message
        yield from self._looked_up(call, lambda view, form: view.export(form, asked))

    def try_it(self, call: Call) -> Iterator[Updates]:
        """Ask all models a question."""
        asked: TryRequest = call.message
        yield from self.follower.follow(call.visitor, lambda session, form: session.try_it(form, asked))

    def _looked_up(self, call: Call, work: Callable[[AnswersView, Form], update.Updates]) -> Iterator[Updates]:
        session = self.state.lab.session(call.visitor)
        try:
            for each in work(session.answers_view, self.state.form(session)):
                yield {PANEL: sent(each)}
        except ValueError:
            return  # the form itself is wrong, and its preview explains the problem
