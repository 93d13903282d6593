"""What the Compare tab asks for: recipes to pin and to unpin, and scores of both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mergelab.ui.form.form import Form
from mergelab.ui.messages import PinRequest, UnpinRequest
from mergelab.ui.page.follow import Follower
from mergelab.ui.page.sidebar.wiring import Call, Updates
from mergelab.ui.session.session import Session
from mergelab.ui.session.update import Update


@dataclass(frozen=True)
class CompareTab:
    """The handlers of the tab."""

    follower: Follower

    def pin(self, call: Call) -> Iterator[Updates]:
        """Pin the recipe of the request's key: the one on the sidebar at the click, which may have changed since."""
        asked: PinRequest = call.message

        def work(session: Session, form: Form) -> Iterator[Update]:
            pinned = self.follower.state.form_from_key(session, asked.key) if asked.key else None
            return session.pin(form, asked.slot, pinned)

        yield from self.follower.follow(call.visitor, work)

    def score(self, call: Call) -> Iterator[Updates]:
        """Merge and score both recipes."""
        yield from self.follower.follow(call.visitor, Session.score_both)

    def unpin(self, call: Call) -> Iterator[Updates]:
        """Take a pinned recipe out of its slot."""
        asked: UnpinRequest = call.message
        yield from self.follower.follow(call.visitor, lambda session, form: session.unpin(form, asked.slot))
