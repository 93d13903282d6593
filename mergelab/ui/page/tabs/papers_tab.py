"""What the Papers tab asks for: the record, and claims measured again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mergelab.ui.messages import ClaimRequest
from mergelab.ui.page.follow import Follower, shown
from mergelab.ui.page.sidebar.wiring import Call, Updates


@dataclass(frozen=True)
class PapersTab:
    """The handlers of the tab."""

    follower: Follower

    def show(self, call: Call) -> Updates:
        """Every claim with its outcomes."""
        return shown(self.follower.state.lab.session(call.visitor).papers_view.show())

    def measure(self, call: Call) -> Iterator[Updates]:
        """Measure a claim."""
        asked: ClaimRequest = call.message
        yield from self.follower.follow(call.visitor, lambda session, form: session.measure_claim(form, asked))
