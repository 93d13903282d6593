"""The Lab: its layout, and which event calls what. Every handler turns widget values into a form and follows the session."""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import gradio as gr

from mergelab.ui.charts import panel, update
from mergelab.ui.controls import expert_choices, preset_updates, sidebar, source_choices
from mergelab.ui.form import OWN, Form, Models
from mergelab.ui.link import Landing, read_query
from mergelab.ui.presets import presets
from mergelab.ui.session import Lab, Session
from mergelab.ui.status import Status, refusal
from mergelab.ui.stories import Story, parameters, stories
from mergelab.ui.tensor import TensorTab
from mergelab.ui.view import NOTHING_TOLD, Told, View

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
PRIVATE = {"preprocess": False, "show_progress": "hidden", "queue": False, "api_visibility": "private"}


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
        self.panel = panel(parts)
        self.download = gr.DownloadButton(
            "Download the merged model", visible=False, variant="primary", elem_id="download"
        )

    def wire(self, blocks: gr.Blocks) -> None:
        """Attach every event."""
        c = self.controls
        follow = [widget.input for widget in c.turning]
        gr.on(follow, self.preview, c.inputs, self.panel, **QUICK)
        gr.on(
            [*follow, c.rows.input, c.live.input],
            self.live,
            c.inputs,
            self.panel,
            **{**HEAVY, "trigger_mode": "always_last"},
        )

        self._then_show(
            gr.on(
                [c.method.input, c.sparsifier.input, c.experts.input, c.device.input],
                self.arrange,
                c.inputs,
                self._arranged,
                **PRIVATE,
            )
        )
        self._then_show(c.source.input(self.change_source, [c.source, c.method], [c.experts, *c.per_expert], **PRIVATE))
        self._then_show(
            c.use_own.click(
                self.use_own,
                [c.own_base, c.own_experts, c.method],
                [self.panel, c.source, c.experts, *c.per_expert],
                **QUICK,
            )
        )
        chosen = c.preset.input(
            self.use_preset, [c.preset, c.device, c.rows, c.live], [self.panel, *c.outputs],
            **{**PRIVATE, "trigger_mode": "once"},
        )  # fmt: skip
        self._then_show(chosen.then(self.arrange, c.inputs, self._arranged, **PRIVATE))

        c.merge.click(self.merge, c.inputs, self.panel, trigger_mode="once", **HEAVY)
        self.panel.test(self.test, c.inputs, self.panel, **HEAVY)
        TensorTab(lambda visitor: self.lab.session(visitor).looking, self._form_of).wire(self.panel, c.inputs, QUICK)
        self.panel.keep(self.keep, c.inputs, [self.panel, self.download], **HEAVY)
        for stopping in (c.stop.click, self.panel.stop):
            stopping(self.stop, None, self.panel, **PRIVATE)
        self._then_show(self.panel.narrow(self.narrow, c.inputs, self.panel, **SAYING), preview=False)
        self._then_show(self.panel.pin(self.pin, c.inputs, self.panel, **SAYING), preview=False)
        self._then_show(self.panel.unpin(self.unpin, c.inputs, self.panel, **SAYING), preview=False)
        blocks.unload(self.leave)
        self._then_show(self.panel.restore(self.restore, [c.device, c.rows, c.live], c.outputs, **PRIVATE))
        blocks.load(
            self.open,
            [c.device, c.rows, c.live],
            [self.panel, *c.outputs],
            **{**HEAVY, "concurrency_id": "open"},
        )

    def show_first(self, parts: Mapping[str, Any], blocks: gr.Blocks) -> None:
        """From now on the page arrives with these parts of the panel in it."""
        self.panel.props.update(parts)
        blocks.config = blocks.get_config_file()

    @property
    def _arranged(self) -> list[Any]:
        return [*(group.column for group in self.controls.groups), *self.controls.per_expert]

    def _then_show(self, event: Any, preview: bool = True) -> None:
        """After the event charts and then scores; `preview` is False where the event itself brings the charts."""
        c = self.controls
        shown = event.then(self.preview, c.inputs, self.panel, **QUICK) if preview else event
        shown.then(self.live, c.inputs, self.panel, **{**HEAVY, "trigger_mode": "always_last"})

    # ---- handlers

    def open(self, request: gr.Request, *values: Any) -> Iterator[dict[Any, Any]]:
        """The first sight of the page: what the address asks for, finished, and what of it was changed."""
        session = self.lab.session(request.session_hash)
        landing = self._landing(session, dict(request.query_params), values)
        right = landing.form == self._landing(session, {}, values).form  # then somebody may have turned one already
        # Something must be sent: Gradio empties the outputs of a handler that yields nothing.
        yield {self.panel: update(View(notes=landing.notes)), **({} if right else self.controls.filled(landing.form))}
        for view in self._shown(session.first(landing.form)):
            yield {self.panel: update(view)}

    def restore(self, request: gr.Request, event: gr.EventData, *values: Any) -> dict[Any, Any]:
        """Set every control as it was in an earlier state of this page, given by its key."""
        session = self.lab.session(request.session_hash)
        form = self._landing(session, dict(parse_qsl(str(event.key)[:LONGEST_KEY])), values).form
        if form.models.edition:
            session.take(form.models)
        return self._filled(session, form)

    def preview(self, request: gr.Request, *values: Any) -> Iterator[Any]:
        """Charts of the recipe on the sidebar."""
        yield from self._follow(request, values, Session.preview)

    def narrow(self, request: gr.Request, event: gr.EventData, *values: Any) -> Iterator[Any]:
        """The charts of one cell, given by its layer and module, or of all tensors."""
        at = (str(event.layer), str(event.module)) if event.layer is not None else None
        yield from self._follow(request, values, lambda session, form: session.narrow(form, at))

    def pin(self, request: gr.Request, event: gr.EventData, *values: Any) -> Iterator[Any]:
        """Put the recipe on the sidebar aside, to compare others with it."""
        yield from self._follow(request, values, lambda session, form: session.pin(form, str(event.slot)))

    def unpin(self, request: gr.Request, event: gr.EventData, *values: Any) -> Iterator[Any]:
        """Forget the recipe that was put aside."""
        yield from self._follow(request, values, lambda session, form: session.unpin(form, str(event.slot)))

    def live(self, request: gr.Request, *values: Any) -> Iterator[Any]:
        """Exact scores of small models after every knob."""
        yield from self._follow(request, values, Session.live)

    def merge(self, request: gr.Request, *values: Any) -> Iterator[Any]:
        """The exact merge and its validation scores."""
        yield from self._follow(request, values, Session.merge)

    def test(self, request: gr.Request, *values: Any) -> Iterator[Any]:
        """The test table."""
        yield from self._follow(request, values, Session.test)

    def keep(self, request: gr.Request, *values: Any) -> Iterator[list[Any]]:
        """Write and pack the merged model; the download button then holds it."""
        out = self._private_folder(request.session_hash)
        for view in self._shown(
            self._views(request, values, lambda session, form: session.save(form, str(out / _file_name(form))))
        ):
            yield [update(view), _packed(view.saved) if view.saved else gr.skip()]

    def stop(self, request: gr.Request) -> Any:
        """End this visitor's work."""
        return update(self.lab.session(request.session_hash).stop())

    def leave(self, request: gr.Request) -> None:
        """The visitor closed the page: nobody waits for their work or their files any more."""
        self.lab.session(request.session_hash).stop()
        shutil.rmtree(self._folder_of(request.session_hash), ignore_errors=True)

    def arrange(self, request: gr.Request, *values: Any) -> list[Any]:
        """Show the knobs of the chosen rules and a weight for each chosen expert."""
        c = self.controls
        try:
            form = self._form(self.lab.session(request.session_hash), values)
        except ValueError:
            return [gr.skip() for _ in self._arranged]  # the preview that follows says what is wrong
        return [
            *c.visibility(form.method, form.sparsifier),
            *c.deal(form.models, form.method, form.chosen, values),
        ]

    def change_source(self, request: gr.Request, source: str, method: str) -> list[Any]:
        """Other models: their experts, all of them chosen."""
        models = self.lab.session(request.session_hash).models(source)
        return self._dealt(models, method)

    def use_own(self, request: gr.Request, base: str, experts: str, method: str) -> list[Any]:
        """Take the typed models, or say what is wrong with them and leave everything as it is."""
        session = self.lab.session(request.session_hash)
        try:
            models = Models.typed(base, experts, next(self._numbers))
        except ValueError as error:
            return [self._refused(str(error)), *(gr.skip() for _ in range(2 + len(self.controls.per_expert)))]
        session.take(models)
        choices = source_choices(self.titles, models)
        return [gr.skip(), gr.update(choices=choices, value=OWN), *self._dealt(models, method)]

    def use_preset(self, request: gr.Request, title: str, *values: Any) -> dict[Any, Any]:
        """The knobs of a preset, or everything that a story sets."""
        story = stories().get(title)
        if story:
            return self._told(self.lab.session(request.session_hash), story, values)
        knobs = preset_updates(self.controls, presets()[title].recipe)
        return {self.panel: update(View(story=NOTHING_TOLD)), **knobs}

    def _told(self, session: Session, story: Story, values: Sequence[Any]) -> dict[Any, Any]:
        """Set every control, the pinned recipe and the selection for a story; the preview that follows shows them."""
        form = self._landing(session, story.parameters, values).form
        aside = self._landing(session, parameters(story.aside), values).form if story.aside else None
        session.set_scene(aside, story.at)
        told = Told(story, self.lab.link(form).key, next(self._numbers))
        filled = {**self._filled(session, form), self.controls.preset: story.title}
        return {self.panel: update(View(story=told)), **filled}

    # ---- shared steps

    def _filled(self, session: Session, form: Form) -> dict[Any, Any]:
        choices = source_choices(self.titles, session.own)
        source = OWN if form.models.edition else form.models.base
        return {**self.controls.filled(form), self.controls.source: gr.update(choices=choices, value=source)}

    def _landing(self, session: Session, query: Mapping[str, str], values: Sequence[Any]) -> Landing:
        device, rows, live = values
        opening = replace(self.lab.opening(), device=device, rows=rows or None, live=bool(live))
        return read_query(query, session.sources, opening)

    def _dealt(self, models: Models, method: str) -> list[Any]:
        return [expert_choices(models, list(models.titles)), *self.controls.deal(models, method, list(models.titles))]

    def _form(self, session: Session, values: tuple[Any, ...]) -> Form:
        return self.controls.form(session.models(values[0]), values)

    def _form_of(self, request: gr.Request, values: tuple[Any, ...]) -> Form:
        return self._form(self.lab.session(request.session_hash), values)

    def _views(
        self, request: gr.Request, values: tuple[Any, ...], work: Callable[[Session, Form], Iterator[View]]
    ) -> Iterator[View]:
        session = self.lab.session(request.session_hash)
        try:
            form = self._form(session, values)
        except ValueError as error:
            return iter([View(status=refusal(str(error), "refused"))])
        return work(session, form)

    def _follow(
        self, request: gr.Request, values: tuple[Any, ...], work: Callable[[Session, Form], Iterator[View]]
    ) -> Iterator[Any]:
        for view in self._shown(self._views(request, values, work)):
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
