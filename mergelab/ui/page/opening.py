"""A page's first event and its last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import gradio as gr

from mergelab.ui.form.texts.corrected_tasks import told_corrections
from mergelab.ui.form.texts.parsed_link import ParsedLink
from mergelab.ui.messages import OwnModelsOffer
from mergelab.ui.page.follow import shown
from mergelab.ui.page.serving.download import Downloads
from mergelab.ui.page.sidebar.sidebar_state import SidebarState
from mergelab.ui.page.sidebar.wiring import Call, Updates
from mergelab.ui.session.update import Update


@dataclass(frozen=True)
class Opening:
    """The handlers of a page that opens and of one that closes."""

    state: SidebarState
    downloads: Downloads

    def open(self, call: Call) -> Iterator[Updates]:
        """Show what the address asks for, and which parts of the address did not fit."""
        session = self.state.lab.welcome(call.visitor, call.client)
        session.opened.set()
        with session.lock:
            parsed_link, pins = self.state.parsed(session, call.query), self.state.pins(session, call.query)
            session.pins.replace(pins.forms)
            # The page opens with the right sidebar, and the user may have changed a knob already.
            is_right = parsed_link.form == self.state.parsed(session, {}).form
            # Something must be sent: Gradio empties the outputs of a handler that yields nothing.
            filled = {} if is_right else self.state.fill(session, parsed_link.form)
            updates = session.first(parsed_link.form) if self.state.shows(session, parsed_link.form) else iter(())
        offer = own_models_offer(parsed_link, call.query)
        notes = (*parsed_link.notes, *pins.notes)
        yield {**shown(Update(notes=notes, visitor=call.visitor, own=offer)), **filled}
        for update in updates:
            yield shown(update)

    def leave(self, request: gr.Request) -> None:
        """The visitor closed the page: end their work and delete their files. Gradio passes no other details here."""
        visitor = request.session_hash or ""
        session = self.state.lab.session(visitor)
        session.leave()
        session.task_sets.uploads.clear()
        self.downloads.remove(visitor)


def own_models_offer(parsed_link: ParsedLink, query: Mapping[str, str]) -> OwnModelsOffer | None:
    """What the page asks the person about models that the address names."""
    own = parsed_link.own
    if own is None:
        return None
    return OwnModelsOffer(own.base, own.experts, own.tasks, told_corrections(own.corrected), urlencode(query))
