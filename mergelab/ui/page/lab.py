"""The Lab: its layout, and which event calls what. What the widgets say is kept with the session; every handler turns it into
a form and follows the session."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import HTTPException

from mergelab.ui.form.examples import presets
from mergelab.ui.form.form import OWN, Form, Models
from mergelab.ui.form.link import Landing, cell_of, read_query
from mergelab.ui.form.stories import Story, parameters, stories
from mergelab.ui.page.numbered_parts import as_texts, sent
from mergelab.ui.page.panel import panel, parts_of, update
from mergelab.ui.page.sidebar import expert_choices, preset_updates, sidebar, source_choices
from mergelab.ui.page.tensor_tab import TensorTab
from mergelab.ui.session.messages import NOTHING_TOLD, Told, View
from mergelab.ui.session.pins import SLOTS
from mergelab.ui.session.server import Lab
from mergelab.ui.session.session import Session
from mergelab.ui.session.status import Status, refusal

QUICK = {
    "preprocess": False,
    "concurrency_id": "preview",
    "concurrency_limit": 16,
    "show_progress": "hidden",
    "trigger_mode": "always_last",
    "api_visibility": "private",
}
SAYING = {**QUICK, "trigger_mode": "multiple"}
"""For events that say something: Gradio sends the last of a row again with what the first one said."""
HEAVY = {
    "preprocess": False,
    "concurrency_id": "heavy",
    "concurrency_limit": 16,
    "show_progress": "hidden",
    "api_visibility": "private",
}
"""Values come as the browser sent them: the recipe checks them, and says what is wrong in its own words. Heavy events share one line; the worker behind them runs one job at a time and tells the others their place."""
LONGEST_KEY = 4000
QUICKER = 10.0
"""Seconds that a first touch waits for the page's opening to arrive."""
FORGOTTEN = "The server does not know this page any more: it was started anew, or many others came since. Reload the page; its address holds the recipe."
PRIVATE = {"preprocess": False, "show_progress": "hidden", "queue": False, "api_visibility": "private"}
IN_BROWSER = {"show_progress": "hidden", "api_visibility": "private", "trigger_mode": "multiple"}
FLUSHED = "async (...given) => { await window.mergelab?.flushed(); return given; }"
"""Before the event: Python hears of every changed knob."""
AT_ONCE = {**PRIVATE, "trigger_mode": "always_last"}
"""For widgets, of which no value may be lost: Gradio drops what comes while an event of another mode is under way."""


class LabPage:
    """The widgets of the Lab, wired to the sessions of a `Lab`."""

    def __init__(self, lab: Lab, downloads: Path, parts: Mapping[str, Any]) -> None:
        self.lab, self.downloads, self._numbers = lab, downloads, itertools.count(1)
        suites = lab.suites()
        if not suites:
            raise ValueError("no suite is installed: `mergelab suite build pixels` makes one")
        self.titles = {name: suite.title for name, suite in suites.items()}
        self.opening = lab.opening().models
        with gr.Sidebar(width=340, elem_id="sidebar"):
            self.controls = sidebar(self.titles, self.opening, lab.settings.device)
        self.panel = panel(parts, self._turned())
        self.download = gr.DownloadButton(
            "Download the merged model", visible=False, variant="primary", elem_id="download"
        )
        self._places = {widget: place for place, widget in enumerate(self.controls.inputs)}
        self._turning = {widget.elem_id: widget for widget in self.controls.turning}
        # Gradio's page writes the progress of an event into every component that it stands on, all outputs by default, and
        # from then on again at every event of the page. Here it stands on one that shows none.
        quiet = {"show_progress_on": self.controls.stop}
        self.quick, self.saying, self.heavy, self.private, self.at_once = (
            {**options, **quiet} for options in (QUICK, SAYING, HEAVY, PRIVATE, AT_ONCE)
        )

    def wire(self, blocks: gr.Blocks) -> None:
        """Attach every event. None takes more widgets than were just touched: Gradio's page visits every input of an event
        several times."""
        c = self.controls
        for widget in c.turning:
            widget.input(
                None,
                widget,
                js=f"(value) => void window.mergelab.onKnobChange({widget.elem_id!r}, value)",
                **IN_BROWSER,
            )
        self.panel.preview(self.preview, None, self.panel, **self.quick)
        self.panel.live(self.live, None, self.panel, **{**self.heavy, "trigger_mode": "always_last"})

        choices = [c.method, c.sparsifier, c.experts, c.device]
        self._then_show(gr.on([each.input for each in choices], self.arrange, choices, self._arranged, **self.at_once))
        self._then_show(c.source.input(self.change_source, c.source, [c.experts, *c.per_expert], **self.at_once))
        own = [self.panel, c.source, c.experts, *c.per_expert]
        c.use_own.click(self.use_own, [c.own_base, c.own_experts], own, **self.quick)
        self._then_show(c.preset.input(self.use_preset, c.preset, [self.panel, *c.outputs], **self.at_once))

        c.merge.click(self.merge, None, self.panel, trigger_mode="once", js=FLUSHED, **self.heavy)
        self.panel.test(self.test, None, self.panel, **self.heavy)
        TensorTab(self.lab.session, self._form).wire(self.panel, self.quick, self.saying)
        self.panel.keep(self.keep, None, [self.panel, self.download], **self.heavy)
        for stopping in (c.stop.click, self.panel.stop):
            stopping(self.stop, None, self.panel, **self.private)
        self.panel.narrow(self.narrow, None, self.panel, **self.saying)
        self.panel.pin(self.pin, None, self.panel, **self.saying)
        self.panel.unpin(self.unpin, None, self.panel, **self.saying)
        blocks.unload(self.leave)
        self._then_show(self.panel.restore(self.restore, None, c.outputs, **self.private))
        blocks.load(self.open, None, [self.panel, *c.outputs], **{**self.heavy, "concurrency_id": "open"})

    def show_first(self, parts: Mapping[str, Any], blocks: gr.Blocks) -> None:
        """From now on the page arrives with these parts of the panel in it."""
        self.panel.props.update(as_texts(parts))
        blocks.config = blocks.get_config_file()

    @property
    def _arranged(self) -> list[Any]:
        return [*(group.column for group in self.controls.groups), *self.controls.per_expert]

    def _then_show(self, event: Any) -> None:
        event.then(self.show, None, self.panel, **{**self.private, "trigger_mode": "multiple"})

    def _turned(self) -> Callable[[dict[str, Any]], str]:
        """What the page calls past Gradio's events, with the id of its visitor and the values of turned widgets by elem_id."""

        def turned(told: dict[str, Any]) -> str:
            try:
                visitor, values = (
                    told["visitor"],
                    {self._turning[name]: value for name, value in told["values"].items()},
                )
            except (AttributeError, KeyError, TypeError) as error:
                raise HTTPException(422, "turned takes a visitor, and values by the elem_id of widgets") from error
            session = self.lab.session(str(visitor))
            with session.lock:
                self._note(session, values)
                return json.dumps(self._texts_at_once(session))

        return turned

    def _texts_at_once(self, session: Session) -> dict[str, str]:
        """The parts that can be shown at once; the page asks for a preview where that is not all."""
        with session.lock:
            view = self._at_once(session) or View()
            parts = {**parts_of(view), **({} if view.charts else {"later": time.monotonic()})}
            return as_texts(parts, view.number)

    def _at_once(self, session: Session) -> View | None:
        """The charts of the recipe on the sidebar; where something must be read first, its link alone; None where it must be
        waited for or refused."""
        try:
            form = self._form(session)
            session.want(form)
            if not session.opened.is_set():
                return None
            return next(session.preview(form)) if session.knows(form) else session.asked(form)
        except ValueError:
            return None

    # ---- handlers

    def open(self, request: gr.Request) -> Iterator[dict[Any, Any]]:
        """The first sight of the page: what the address asks for, finished, and what of it was changed."""
        session = self.lab.session(request.session_hash)
        session.opened.set()
        with session.lock:
            landing = self._landing(session, dict(request.query_params))
            right = landing.form == self._landing(session, {}).form  # then somebody may have turned one already
            # Something must be sent: Gradio empties the outputs of a handler that yields nothing.
            filled = {} if right else self._noted(session, self.controls.filled(landing.form))
            views = session.first(landing.form) if self._is_on_sidebar(session, landing.form) else iter(())
        yield {self.panel: sent({"notes": list(landing.notes), "visitor": request.session_hash}), **filled}
        for view in self._shown(views):
            yield {self.panel: update(view)}

    def restore(self, request: gr.Request, event: gr.EventData) -> dict[Any, Any]:
        """Set every control as it was in an earlier state of this page, given by its key, and its scene if that was another."""
        session = self.lab.session(request.session_hash)
        with session.lock:
            if event.scene:
                pins = {slot: self._keyed(session, key) for slot, key in event.scene["pins"].items()}
                session.set_scene(pins, cell_of(event.scene["at"] or ""))
            form = self._keyed(session, event.key)
            if form.models.edition:
                session.take(form.models)
            return self._filled(session, form)

    def show(self, request: gr.Request) -> Any:
        """What can be shown at once of the recipe on the sidebar."""
        return gr.update(**self._texts_at_once(self.lab.session(request.session_hash)))

    def preview(self, request: gr.Request) -> Iterator[Any]:
        """Charts of the recipe on the sidebar."""
        yield from self._follow(request, Session.preview)

    def narrow(self, request: gr.Request, event: gr.EventData) -> Iterator[Any]:
        """The charts of one cell, given by its layer and module, or of all tensors."""
        at = (str(event.layer), str(event.module)) if event.layer is not None else None
        yield from self._follow(request, lambda session, form: session.narrow(form, at))

    def pin(self, request: gr.Request, event: gr.EventData) -> Iterator[Any]:
        """Put a recipe aside, to compare others with it: that of the event's key, which was on the sidebar when the person asked;
        it may have been turned since."""

        def work(session: Session, form: Form) -> Iterator[View]:
            return session.pin(form, str(event.slot), self._keyed(session, event.key) if event.key else None)

        yield from self._follow(request, work)

    def unpin(self, request: gr.Request, event: gr.EventData) -> Iterator[Any]:
        """Forget the recipe that was put aside."""
        yield from self._follow(request, lambda session, form: session.unpin(form, str(event.slot)))

    def live(self, request: gr.Request) -> Iterator[Any]:
        """Exact scores of small models after every knob."""
        yield from self._follow(request, Session.live)

    def merge(self, request: gr.Request) -> Iterator[Any]:
        """The exact merge and its validation scores."""
        yield from self._follow(request, Session.merge)

    def test(self, request: gr.Request) -> Iterator[Any]:
        """The test table."""
        yield from self._follow(request, Session.test)

    def keep(self, request: gr.Request) -> Iterator[list[Any]]:
        """Write and pack the merged model; the download button then holds it."""
        out = self._private_folder(request.session_hash)
        for view in self._shown(
            self._views(request, lambda session, form: session.save(form, str(out / _file_name(form))))
        ):
            yield [update(view), _packed(view.saved) if view.saved else gr.skip()]

    def stop(self, request: gr.Request) -> Any:
        """End this visitor's work."""
        return update(self.lab.session(request.session_hash).stop())

    def leave(self, request: gr.Request) -> None:
        """The visitor closed the page: nobody waits for their work or their files any more."""
        self.lab.session(request.session_hash).stop()
        shutil.rmtree(self._folder_of(request.session_hash), ignore_errors=True)

    def arrange(self, request: gr.Request, *chosen: Any) -> dict[Any, Any]:
        """Show the knobs of the chosen rules and a weight for each chosen expert."""
        c, session = self.controls, self.lab.session(request.session_hash)
        with session.lock:
            self._note(session, dict(zip((c.method, c.sparsifier, c.experts, c.device), chosen, strict=True)))
            return self._arrangement(session)

    def change_source(self, request: gr.Request, source: str) -> dict[Any, Any]:
        """Other models: their experts, all of them chosen."""
        session = self.lab.session(request.session_hash)
        with session.lock:
            self._note(session, {self.controls.source: source})
            return self._dealt(session, session.models(source))

    def use_own(self, request: gr.Request, base: str, experts: str) -> dict[Any, Any]:
        """Take the typed models, or say what is wrong with them and leave everything as it is."""
        session = self.lab.session(request.session_hash)
        try:
            models = Models.typed(base, experts, next(self._numbers))
        except ValueError as error:
            return {self.panel: self._refused(str(error))}
        source = gr.update(choices=source_choices(self.titles, models), value=OWN)
        with session.lock:
            session.take(models)
            shown = {self.panel: sent({"later": time.monotonic()})}
            return {**shown, **self._noted(session, {self.controls.source: source}), **self._dealt(session, models)}

    def use_preset(self, request: gr.Request, title: str) -> dict[Any, Any]:
        """The knobs of a preset, or everything that a story sets."""
        session, story = self.lab.session(request.session_hash), stories().get(title)
        with session.lock:
            if story:
                return self._told(session, story)
            knobs = self._noted(session, preset_updates(self.controls, presets()[title].recipe))
            return {self.panel: update(View(story=NOTHING_TOLD)), **knobs, **self._arrangement(session)}

    def _told(self, session: Session, story: Story) -> dict[Any, Any]:
        """Set every control, the pinned recipe and the selection for a story; the preview that follows shows them."""
        form = self._landing(session, story.parameters).form
        pinned = self._pinned_before(session, story, form)
        session.set_scene({SLOTS[0]: self._keyed(session, story.aside)} if story.aside else {}, story.at)
        told = session.told = Told(story, self.lab.link(form).key, next(self._numbers), session.pinned, pinned)
        filled = {**self._filled(session, form), self.controls.preset: story.title}
        return {self.panel: update(View(story=told)), **filled}

    def _pinned_before(self, session: Session, story: Story, form: Form) -> Mapping[str, str]:
        """What was pinned before a story. Gradio's lists report one choice twice, and the page may hear of the second one alone:
        by then the story's own pins are set."""
        told, pinned = session.told, session.pinned
        again = told is not None and told.story is story and told.pins == pinned and self._is_on_sidebar(session, form)
        return told.pinned if told is not None and again else pinned

    # ---- shared steps

    def _filled(self, session: Session, form: Form) -> dict[Any, Any]:
        """Updates of all controls to what a form says, of which the values are remembered."""
        choices = source_choices(self.titles, session.own)
        source = OWN if form.models.edition else form.models.base
        filled = {**self.controls.filled(form), self.controls.source: gr.update(choices=choices, value=source)}
        return self._noted(session, filled)

    def _said(self, session: Session) -> list[Any]:
        """What the widgets of this visitor's sidebar say, in the order of `Controls.inputs`."""
        if not session.sidebar:
            session.sidebar = [widget.value for widget in self.controls.inputs]
        return session.sidebar

    def _note(self, session: Session, values: Mapping[Any, Any]) -> None:
        """Remember what some widgets say now."""
        said = self._said(session)
        for widget, value in values.items():
            if (place := self._places.get(widget)) is not None:
                said[place] = value

    def _noted(self, session: Session, updates: dict[Any, Any]) -> dict[Any, Any]:
        """The same updates, of which the widgets' values are remembered."""
        self._note(
            session,
            {widget: told["value"] for widget, told in updates.items() if isinstance(told, dict) and "value" in told},
        )
        self._note(session, {widget: told for widget, told in updates.items() if not isinstance(told, dict)})
        return updates

    def _arrangement(self, session: Session) -> dict[Any, Any]:
        """Updates for the rules and experts that are chosen now."""
        c = self.controls
        try:
            form = self._form(session)
        except ValueError:
            return {}  # the preview that follows says what is wrong
        columns = c.visibility(form.method, form.sparsifier)
        dealt = c.deal(form.models, form.method, form.chosen, self._said(session))
        return self._noted(session, dict(zip(self._arranged, [*columns, *dealt], strict=True)))

    def _landing(self, session: Session, query: Mapping[str, str]) -> Landing:
        c = self.controls
        device, rows, live = (self._said(session)[self._places[widget]] for widget in (c.device, c.rows, c.live))
        opening = replace(self.lab.opening(), device=device, rows=rows or None, live=bool(live))
        return read_query(query, session.sources, opening)

    def _keyed(self, session: Session, key: str) -> Form:
        """The form that a key, or the query of a link, leads to."""
        return self._landing(session, parameters(str(key)[:LONGEST_KEY])).form

    def _dealt(self, session: Session, models: Models) -> dict[Any, Any]:
        c, method = self.controls, self._said(session)[self._places[self.controls.method]]
        updates = [expert_choices(models, list(models.titles)), *c.deal(models, method, list(models.titles))]
        return self._noted(session, dict(zip((c.experts, *c.per_expert), updates, strict=True)))

    def _form(self, session: Session) -> Form:
        said = self._said(session)
        return self.controls.form(session.models(said[self._places[self.controls.source]]), said)

    def _is_on_sidebar(self, session: Session, form: Form) -> bool:
        """Whether the sidebar means the recipe of this form; a person may have turned something meanwhile."""
        try:
            return self._form(session).recipe().digest() == form.recipe().digest()
        except ValueError:
            return True  # its preview says what is wrong

    def _views(self, request: gr.Request, work: Callable[[Session, Form], Iterator[View]]) -> Iterator[View]:
        session = self.lab.session(request.session_hash)
        if not session.opened.wait(QUICKER):  # a person may be quicker than the page's own first event
            return iter([View(status=refusal(FORGOTTEN, "refused"))])
        with session.lock:  # the form and what is done with it belong together: a knob may be turned at any moment
            try:
                form = self._form(session)
            except ValueError as error:
                return iter([View(status=refusal(str(error), "refused"))])
            session.want(form)
            return work(session, form)

    def _follow(self, request: gr.Request, work: Callable[[Session, Form], Iterator[View]]) -> Iterator[Any]:
        for view in self._shown(self._views(request, work)):
            yield update(view)

    def _shown(self, views: Iterator[View]) -> Iterator[View]:
        """The same views; a refusal also appears as a toast."""
        for view in views:
            if view.status and view.status.problems and view.status.kind in ("error", "refused"):
                _toast(view.status)
            yield view

    def _refused(self, sentence: str) -> Any:
        status = refusal(sentence)
        _toast(status)
        return update(View(status=status))

    def _folder_of(self, visitor: str | None) -> Path:
        return self.downloads / re.sub(r"\W", "", visitor or "visitor")

    def _private_folder(self, visitor: str | None) -> Path:
        folder = self._folder_of(visitor) / str(next(self._numbers))
        folder.mkdir(parents=True, mode=0o700)
        return folder


def _packed(path: str) -> Any:
    name = Path(path).name
    return gr.update(value=path, label=f"Download {name} ({Path(path).stat().st_size / 1e6:.1f} MB)", visible=True)


def _toast(status: Status) -> None:
    more = f" (and {len(status.problems) - 1} more, listed on the page)" if len(status.problems) > 1 else ""
    gr.Warning(f"{status.problems[0]}{more}", duration=8)


def _file_name(form: Form) -> str:
    return f"mergelab-{re.sub(r'[^A-Za-z0-9]+', '-', form.method)}-{len(form.chosen)}-experts"
