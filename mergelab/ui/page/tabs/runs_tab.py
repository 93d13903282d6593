"""What the Runs tab asks for: lists, marks, comparisons, files, and merges made again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mergelab.ui.page.follow import Follower, shown
from mergelab.ui.page.sidebar.wiring import Call, Updates
from mergelab.ui.session.remembering.runs_view import RunsView
from mergelab.ui.session.update import Update


@dataclass(frozen=True)
class RunsTab:
    """The handlers of the tab."""

    follower: Follower

    def list(self, call: Call) -> Updates:
        """List runs."""
        return self._answer(call, lambda view: view.show(call.message))

    def mark(self, call: Call) -> Updates:
        """Say something about a run."""
        return self._answer(call, lambda view: view.mark(call.message))

    def compare(self, call: Call) -> Updates:
        """Compare runs."""
        return self._answer(call, lambda view: view.compare(call.message))

    def write(self, call: Call) -> Updates:
        """Write runs to a file."""
        return self._answer(call, lambda view: view.write(call.message))

    def reproduce(self, call: Call) -> Iterator[Updates]:
        """Merge the recipe of a run again."""
        yield from self.follower.follow(call.visitor, lambda session, _: session.reproduce(call.message.number))

    def _answer(self, call: Call, work: Callable[[RunsView], Update]) -> Updates:
        return shown(work(self.follower.state.lab.session(call.visitor).runs_view))
