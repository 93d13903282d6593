"""What the Sweep tab asks for: settings to vary, searches, and charts of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mergelab.ui.messages import SweepChartRequest, SweepRequest
from mergelab.ui.page.follow import Follower
from mergelab.ui.page.sidebar.wiring import Call, Updates


@dataclass(frozen=True)
class SweepTab:
    """The handlers of the tab."""

    follower: Follower

    def show(self, call: Call) -> Iterator[Updates]:
        """What may vary in the recipe on the sidebar, and the last sweep."""
        yield from self.follower.follow(call.visitor, lambda session, form: session.sweep_view.show(form))

    def run(self, call: Call) -> Iterator[Updates]:
        """Search."""
        asked: SweepRequest = call.message
        yield from self.follower.follow(call.visitor, lambda session, form: session.sweep(form, asked))

    def draw(self, call: Call) -> Iterator[Updates]:
        """Another chart of what was found."""
        asked: SweepChartRequest = call.message
        yield from self.follower.follow(call.visitor, lambda session, form: session.sweep_view.draw(form, asked))
