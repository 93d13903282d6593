"""What the Lab tab asks for: charts of the sidebar's recipe, of one cell, and scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mergelab.ui.messages import DamageRequest, NarrowRequest
from mergelab.ui.page.follow import Follower
from mergelab.ui.page.sidebar.wiring import Call, Updates
from mergelab.ui.session.session import Session


@dataclass(frozen=True)
class LabTab:
    """The handlers of the tab."""

    follower: Follower

    def preview(self, call: Call) -> Iterator[Updates]:
        """Charts of the recipe on the sidebar."""
        yield from self.follower.follow(call.visitor, Session.preview)

    def live(self, call: Call) -> Iterator[Updates]:
        """Exact scores of small models after every change."""
        yield from self.follower.follow(call.visitor, Session.live)

    def merge(self, call: Call) -> Iterator[Updates]:
        """The exact merge and its validation scores."""
        yield from self.follower.follow(call.visitor, Session.merge)

    def test(self, call: Call) -> Iterator[Updates]:
        """The test scores."""
        yield from self.follower.follow(call.visitor, Session.test)

    def narrow(self, call: Call) -> Iterator[Updates]:
        """The charts of one cell, or of all tensors."""
        asked: NarrowRequest = call.message
        at = None if asked.layer is None else (asked.layer, asked.module or "")
        yield from self.follower.follow(call.visitor, lambda session, form: session.narrow(form, at))

    def measure_damage(self, call: Call) -> Iterator[Updates]:
        """The damage map of the recipe on the sidebar, as it grows."""
        asked: DamageRequest = call.message
        yield from self.follower.follow(call.visitor, lambda session, form: session.measure_damage(form, asked))

    def show_damage(self, call: Call) -> Iterator[Updates]:
        """A damage map as far as it is known."""
        asked: DamageRequest = call.message
        yield from self.follower.follow(call.visitor, lambda session, form: session.damage_view.show(form, asked))

    def stop(self, call: Call) -> Updates:
        """End this visitor's work."""
        return self.follower.stop(call.visitor)
