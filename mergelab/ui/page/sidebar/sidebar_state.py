"""What a visitor's sidebar holds. It is kept with the session, so an event needs no other widget than the one that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mergelab.recipe import Recipe
from mergelab.ui.form import sidebar_values as names
from mergelab.ui.form.form import Form, Models
from mergelab.ui.form.sidebar_values import Values, form_of, without_widgets
from mergelab.ui.form.stories import parameters
from mergelab.ui.form.texts.parsed_link import ParsedLink, PinnedLinks, read_pins, read_query
from mergelab.ui.form.varied_values import kept_for_later, own_kept_for_later, read_entries, read_own_values
from mergelab.ui.page.sidebar.sidebar_updates import (
    expert_choices,
    form_updates,
    per_expert_updates,
    preset_updates,
    visible_columns,
)
from mergelab.ui.page.sidebar.wiring import Updates
from mergelab.ui.session.server import Lab
from mergelab.ui.session.session import Session

LONGEST_KEY = 200_000
"""The most characters of a state that is set: curves over many layers are long."""


@dataclass(frozen=True)
class SidebarState:
    """Reads and sets the sidebars of a server's visitors. `initial` is what a sidebar holds when the page opens, by name,
    `suites` are the titles of the suites. Its methods are called while the session's lock is held."""

    lab: Lab
    initial: Values
    suites: Mapping[str, str]

    def values(self, session: Session) -> dict[str, Any]:
        """What the widgets hold, by name."""
        if not session.values:
            session.values = dict(self.initial)
        return session.values

    def set(self, session: Session, values: Values) -> None:
        """Remember what some widgets hold now. Widgets that make no part of a form are ignored."""
        held = self.values(session)
        held.update({name: value for name, value in values.items() if name in held})

    def record(self, session: Session, updates: Updates) -> Updates:
        """The same updates, after their values were remembered."""
        plain = {name: update for name, update in updates.items() if not isinstance(update, dict)}
        within = {name: update["value"] for name, update in updates.items() if _has_value(update)}
        self.set(session, {**plain, **within})
        return updates

    def form(self, session: Session) -> Form:
        """The form on the sidebar. Raises ValueError if it asks for models that are not there."""
        held = self.values(session)
        return form_of(session.sources.named(held[names.SOURCE]), held)

    def shows(self, session: Session, form: Form) -> bool:
        """Whether the sidebar holds this form's recipe; the user may have changed a setting meanwhile."""
        try:
            return self.form(session).written().digest() == form.written().digest()
        except ValueError:
            return True  # its preview explains the problem

    def parsed(self, session: Session, query: Mapping[str, str]) -> ParsedLink:
        """The form that an address leads to."""
        return read_query(query, session.sources.all, self._opening(session))

    def pins(self, session: Session, query: Mapping[str, str]) -> PinnedLinks:
        """The recipes that an address pins."""
        return read_pins(query, session.sources.all, self._opening(session))

    def _opening(self, session: Session) -> Form:
        """The form that the page opens with, under the visitor's run settings."""
        held = self.values(session)
        kept = {"device": held[names.DEVICE], "rows": held[names.ROWS] or None, "live": bool(held[names.LIVE])}
        return replace(self.lab.opening(), **kept)

    def form_from_key(self, session: Session, key: str) -> Form:
        """The form that a key, or the query of a link, leads to."""
        return self.parsed(session, parameters(key[:LONGEST_KEY])).form

    def fill(self, session: Session, form: Form) -> Updates:
        """Set every widget to what a form says, and what no widget holds. Curves and experts' own values of rules that are not
        chosen stay."""
        self.set(session, without_widgets(self._with_others(session, form)))
        return self.record(session, form_updates(form, self.suites, session.sources.own))

    def use_preset(self, session: Session, recipe: Recipe) -> Updates:
        """Set the rules of a preset and their knobs, the same for every layer and expert."""
        updates = self.record(session, preset_updates(recipe))
        plain = replace(self.form(session), layer_entries=(), own_knobs={}, depth_scale=recipe.depth_scale)
        self.set(session, without_widgets(self._with_others(session, plain)))
        return {**updates, **self.arrange(session)}

    def _with_others(self, session: Session, form: Form) -> Form:
        held, spellings = self.values(session), form.spellings
        entries = kept_for_later(read_entries(held[names.LAYER_ENTRIES]), spellings)
        own = own_kept_for_later(read_own_values(held[names.OWN_KNOBS]), spellings)
        together = {
            model: {**own.get(model, {}), **form.own_knobs.get(model, {})} for model in {**own, **form.own_knobs}
        }
        return replace(form, layer_entries=(*form.layer_entries, *entries), own_knobs=together)

    def arrange(self, session: Session, before: Sequence[str] = ()) -> Updates:
        """Show the knobs of the chosen rules, and a weight for each chosen expert. `before` are the experts that were chosen."""
        try:
            form = self.form(session)
        except ValueError:
            return {}  # the preview that follows explains the problem
        columns = visible_columns(form.method, form.sparsifier)
        experts = per_expert_updates(form.models, form.method, form.chosen, form, before)
        return self.record(session, {**columns, **experts})

    def choose_all(self, session: Session, models: Models) -> Updates:
        """List the experts of other models, all of them ticked."""
        chosen, method = list(models.titles), self.values(session)[names.METHOD]
        experts = {names.EXPERTS: expert_choices(models, chosen)}
        return self.record(session, {**experts, **per_expert_updates(models, method, chosen)})


def _has_value(update: Any) -> bool:
    return isinstance(update, dict) and "value" in update
