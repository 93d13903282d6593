"""What the sidebar's events do: other rules, other models, presets, stories, steps of undo."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import gradio as gr

from mergelab.runtime.progress import map_progress
from mergelab.ui.form import sidebar_values as names
from mergelab.ui.form.examples import presets
from mergelab.ui.form.form import OWN, Form, Models, lines_of
from mergelab.ui.form.stories import Story, parameters, stories
from mergelab.ui.form.texts.corrected_tasks import read_corrections
from mergelab.ui.form.texts.parsed_link import parse_cell
from mergelab.ui.form.texts.recipe_text import read_recipe_text
from mergelab.ui.messages import (
    EMPTY,
    ExampleRequest,
    OpenedText,
    OpenRequest,
    OwnModelsOffer,
    PutBackRequest,
    RestoreRequest,
    TravelRequest,
)
from mergelab.ui.page.follow import shown
from mergelab.ui.page.panel_texts import sent
from mergelab.ui.page.sidebar.sidebar_layout import OWN_BASE, OWN_EXPERTS, OWN_TASKS, PRESET
from mergelab.ui.page.sidebar.sidebar_state import LONGEST_KEY, SidebarState
from mergelab.ui.page.sidebar.sidebar_updates import source_choices
from mergelab.ui.page.sidebar.wiring import PANEL, Call, Updates
from mergelab.ui.page.tabs.task_sets_tab import typed_models
from mergelab.ui.session.pins import SLOTS
from mergelab.ui.session.render.recipe import ActiveStory, render_story
from mergelab.ui.session.session import Session
from mergelab.ui.session.status import refusal
from mergelab.ui.session.task_sets.task_sets_view import TypedModels
from mergelab.ui.session.update import Update


@dataclass(frozen=True)
class SidebarEvents:
    """The handlers of the sidebar's widgets."""

    state: SidebarState
    numbers: Any = field(default_factory=lambda: count(1))

    def arrange(self, call: Call) -> Updates:
        """Another rule, expert or device: show the knobs and weights that belong to it."""
        session = self._session(call)
        with session.lock:
            before = self.state.values(session)[names.EXPERTS]
            self.state.set(session, call.values)
            return self.state.arrange(session, before)

    def change_source(self, call: Call) -> Updates:
        """Other models: their experts, all of them ticked."""
        session = self._session(call)
        with session.lock:
            self.state.set(session, call.values)
            return self.state.choose_all(session, session.sources.named(call.values[names.SOURCE]))

    def use_own(self, call: Call) -> Iterator[Updates]:
        """Take the typed models and the task sets, or say what is wrong with them and leave everything as it is."""
        session, typed = self._session(call), typed_models(call)
        models = yield from self._with_tasks(session, typed)
        if models is None:
            return
        with session.lock:
            session.sources.take(models)
            source = gr.update(choices=source_choices(self.state.suites, models), value=OWN)
            chosen = self.state.record(session, {names.SOURCE: source})
            update = Update(later=time.monotonic(), task_sets=session.task_sets.message(typed))
            told = {PANEL: sent(update), **chosen, **self.state.choose_all(session, models)}
        yield told  # not under the lock: Gradio may end this generator in another thread, which could not release it

    def open_own(self, call: Call) -> Iterator[Updates]:
        """Take the models and task sets that the address asks for, with its method and knobs, after the person agreed.

        The whole form comes last, in one update: none follows at once that could displace its widgets.
        """
        session, asked = self._session(call), call.message
        assert isinstance(asked, OwnModelsOffer)
        query = parameters(asked.query[:LONGEST_KEY])
        typed = _linked_models(asked, query)
        fields = {OWN_BASE: typed.base, OWN_EXPERTS: typed.experts, OWN_TASKS: typed.tasks}
        models = yield from map_progress(self._with_tasks(session, typed), lambda told: {**told, **fields})
        if models is None:
            return
        with session.lock:
            session.sources.take(models)
            parsed_link = self.state.parsed(session, query)
            shown_tasks = session.task_sets.message(typed) if typed.tasks else None
            update = Update(later=time.monotonic(), notes=parsed_link.notes, task_sets=shown_tasks)
            whole = {PANEL: sent(update), **fields, **self.state.fill(session, parsed_link.form)}
        yield whole  # not under the lock: Gradio may end this generator in another thread, which could not release it

    def _with_tasks(self, session: Session, typed: TypedModels) -> Generator[Updates, None, Models | None]:
        """The typed models with the task sets, or None after the reason why not, which comes with the list of task sets."""

        def told(update: Update) -> Updates:
            is_refused = update.status and update.status.problems and session.task_sets.listed.tasks
            return shown(replace(update, task_sets=session.task_sets.message(typed)) if is_refused else update)

        try:
            models = Models.typed(typed.base, typed.experts, next(self.numbers))
        except ValueError as error:
            yield shown(Update(status=refusal(str(error))))
            return None
        return (yield from map_progress(session.with_tasks(models, typed), told))

    def use_preset(self, call: Call) -> Updates:
        """The knobs of a preset, or everything that a story sets."""
        session, title = self._session(call), call.values[PRESET]
        story = stories().get(title)
        with session.lock:
            if story:
                return self._tell(session, story)
            return {PANEL: sent(Update(story=EMPTY)), **self.state.use_preset(session, presets()[title].recipe)}

    def open_recipe(self, call: Call) -> Updates:
        """Set every widget to what a recipe or a mergekit config says. Models outside of the suites are asked about first."""
        session, asked = self._session(call), call.message
        assert isinstance(asked, OpenRequest)
        number = next(self.numbers)
        try:
            read = read_recipe_text(asked.text)
            models = read.models(number)
            if read.outside and not asked.agreed:
                return {PANEL: sent(Update(opened=OpenedText((), read.outside, (), number)))}
            with session.lock:
                form, notes = read.form(models, self.state.form(session))
                form.written()
                if models.edition:
                    session.sources.take(models)
                typed = {OWN_BASE: models.base, OWN_EXPERTS: "\n".join(models.titles)} if models.edition else {}
                filled = {**self.state.fill(session, form), **typed}
        except ValueError as error:
            return {PANEL: sent(Update(opened=OpenedText(str(error).splitlines(), (), (), number)))}
        return {PANEL: sent(Update(opened=OpenedText((), (), notes, number), story=EMPTY)), **filled}

    def tell(self, call: Call) -> Updates:
        """Everything that a guided example sets, when it is chosen on the panel."""
        session, asked = self._session(call), call.message
        assert isinstance(asked, ExampleRequest)
        story = stories().get(asked.title)
        with session.lock:
            return self._tell(session, story) if story else {}

    def restore(self, call: Call) -> Updates:
        """Undo or redo: set every widget as it was in an earlier state, and the scene of a story if the step crosses one."""
        session, asked = self._session(call), call.message
        assert isinstance(asked, RestoreRequest)
        with session.lock:
            if asked.scene:
                pins = {slot: self.state.form_from_key(session, key) for slot, key in asked.scene.pins.items()}
                session.set_scene(pins, parse_cell(asked.scene.at or ""))
            form = self.state.form_from_key(session, asked.key)
            if form.models.edition:
                session.sources.take(form.models)
            return self.state.fill(session, form)

    def put_back(self, call: Call) -> Updates:
        """Set every widget to the recipe of the damage map, with an override for one cell, or say why there is none."""
        session, asked = self._session(call), call.message
        assert isinstance(asked, PutBackRequest)
        with session.lock:
            try:
                form = session.damage_view.restoring_form((asked.layer, asked.module))
            except ValueError as error:
                return shown(Update(status=refusal(str(error))))
            return self.state.fill(session, form)

    def travel(self, call: Call) -> Updates:
        """Back or Forward: set every widget and the pinned recipes to what the address says, and tell what is not there any more."""
        session, asked = self._session(call), call.message
        assert isinstance(asked, TravelRequest)
        query = parameters(asked.query[:LONGEST_KEY])
        with session.lock:
            parsed_link, pins = self.state.parsed(session, query), self.state.pins(session, query)
            session.pins.replace(pins.forms)
            notes = (*parsed_link.notes, *pins.notes)
            return {PANEL: sent(Update(notes=notes)), **self.state.fill(session, parsed_link.form)}

    def _tell(self, session: Session, story: Story) -> Updates:
        """Set every widget, the pinned recipe and the open cell for a story; the preview that follows shows them."""
        form = self.state.parsed(session, story.parameters).form
        pinned = self._pinned_before(session, story, form)
        pins = {SLOTS[0]: self.state.form_from_key(session, story.aside)} if story.aside else {}
        session.set_scene(pins, story.at)
        key = self.state.lab.link(form).key
        active = session.story = ActiveStory(story, key, next(self.numbers), session.pinned, pinned)
        filled = {**self.state.fill(session, form), PRESET: story.title}
        return {PANEL: sent(Update(story=render_story(active))), **filled}

    def _pinned_before(self, session: Session, story: Story, form: Form) -> Mapping[str, str]:
        """What was pinned before a story.

        Gradio's lists report one choice twice, and the page may hear only of the second report: by then the story's own pins
        are set.
        """
        active, pinned = session.story, session.pinned
        if active is None or active.story is not story or active.pins != pinned:
            return pinned
        return active.pinned if self.state.shows(session, form) else pinned

    def _session(self, call: Call) -> Session:
        return self.state.lab.session(call.visitor)


def _linked_models(asked: OwnModelsOffer, query: Mapping[str, str]) -> TypedModels:
    """The models and task sets that a person agreed to open, with what the address says of the task sets."""
    known = (asked.base, *lines_of(asked.experts))
    linked = read_corrections(dict(query), lines_of(asked.tasks), known)
    return TypedModels(asked.base, asked.experts, asked.tasks, linked)
