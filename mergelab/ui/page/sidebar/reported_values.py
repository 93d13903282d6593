"""Sets widgets to values that no slider reports: typed beyond its ends, or turned while the server was away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mergelab.methods import METHODS
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.ui.form import sidebar_values as names
from mergelab.ui.form.form import NO_SPARSIFIER
from mergelab.ui.form.typed_values import checked_number, number_rules
from mergelab.ui.messages import RefusedValue, ReportedValues
from mergelab.ui.page.panel_texts import sent
from mergelab.ui.page.sidebar.sidebar_state import SidebarState
from mergelab.ui.page.sidebar.wiring import PANEL, Call, Updates
from mergelab.ui.session.session import Session
from mergelab.ui.session.update import Update


@dataclass(frozen=True)
class ReportedValueHandler:
    """The handler of the event."""

    state: SidebarState

    def take(self, call: Call) -> Updates:
        """Set what is valid, on the widgets as well, and say what is not."""
        session, asked = self.state.lab.session(call.visitor), call.message
        assert isinstance(asked, ReportedValues)
        with session.lock:
            known = self._known(session, asked.values)
            valid, refused = self._checked(session, known)
            self.state.set(session, valid)
            return {PANEL: sent(Update(unset=refused)), **self._filled(session)}

    def _known(self, session: Session, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values without names of rules and models that this server does not have."""
        offered = {
            names.METHOD: [*METHODS],
            names.SPARSIFIER: [*SPARSIFIERS, NO_SPARSIFIER],
            names.SOURCE: session.sources.names,
        }
        known = {name: value for name, value in values.items() if name not in offered or value in offered[name]}
        models = session.sources.named({**self.state.values(session), **known}[names.SOURCE])
        if not set(known.get(names.EXPERTS, ())) <= set(models.titles):
            del known[names.EXPERTS]
        return known

    def _checked(self, session: Session, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[RefusedValue]]:
        held = {**self.state.values(session), **values}
        rules = number_rules(session.sources.named(held[names.SOURCE]), held[names.METHOD])
        valid, refused = {}, []
        for name, value in values.items():
            try:
                valid[name] = checked_number(rules, name, value) if name in rules else value
            except ValueError as error:
                refused.append(RefusedValue(name, str(error)))
        return valid, refused

    def _filled(self, session: Session) -> Updates:
        """All widgets as the session now holds them; sliders grow where they must."""
        try:
            return self.state.fill(session, self.state.form(session))
        except ValueError:
            return {}  # the preview that follows explains the problem
