"""The page: sidebar, panel and download button, and which event calls which handler."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from mergelab.recipe.tensor_selection import TensorSelection
from mergelab.ui.form import sidebar_values as names
from mergelab.ui.messages import (
    AdapterRequest,
    AnswersRequest,
    ClaimRequest,
    DamageRequest,
    ExampleRequest,
    OpenRequest,
    OwnModelsOffer,
    PairRequest,
    PinRequest,
    PutBackRequest,
    ReportedValues,
    ReproduceRequest,
    RestoreRequest,
    RunFileRequest,
    RunMark,
    RunNumbers,
    RunsRequest,
    SweepChartRequest,
    SweepRequest,
    TaskCorrection,
    TaskSetRequest,
    TensorRequest,
    TravelRequest,
    TryRequest,
    UnpinRequest,
    WindowRequest,
)
from mergelab.ui.messages.requests import NarrowRequest
from mergelab.ui.page import gradio_compat as compat
from mergelab.ui.page.follow import Follower
from mergelab.ui.page.knob_changes import KnobChangeHandler
from mergelab.ui.page.opening import Opening
from mergelab.ui.page.panel import panel
from mergelab.ui.page.panel_texts import numbered
from mergelab.ui.page.serving.download import DOWNLOAD, Downloads
from mergelab.ui.page.sidebar.reported_values import ReportedValueHandler
from mergelab.ui.page.sidebar.sidebar_events import SidebarEvents
from mergelab.ui.page.sidebar.sidebar_layout import (
    LOOK_AT_TASKS,
    MERGE,
    OWN_BASE,
    OWN_EXPERTS,
    OWN_FIELDS,
    OWN_TASKS,
    PRESET,
    STOP,
    UPLOAD_TASKS,
    USE_OWN,
    sidebar,
)
from mergelab.ui.page.sidebar.sidebar_state import SidebarState
from mergelab.ui.page.sidebar.sidebar_updates import per_expert
from mergelab.ui.page.sidebar.wiring import PANEL, Wiring
from mergelab.ui.page.tabs.answers_tab import AnswersTab
from mergelab.ui.page.tabs.compare_tab import CompareTab
from mergelab.ui.page.tabs.lab_tab import LabTab
from mergelab.ui.page.tabs.papers_tab import PapersTab
from mergelab.ui.page.tabs.runs_tab import RunsTab
from mergelab.ui.page.tabs.sweep_tab import SweepTab
from mergelab.ui.page.tabs.task_sets_tab import TaskSetsTab
from mergelab.ui.page.tabs.tensor_tab import TensorTab
from mergelab.ui.session.server import Lab

FLUSHED = "async (...given) => { await window.mergelab?.flushed(); return given; }"
"""Runs in the browser before an event: Python first hears of every turned knob."""


def turned_in_browser(name: str) -> str:
    """What the browser runs when the widget `name` is turned."""
    return f"(value) => void window.mergelab.onKnobChange({name!r}, value)"


def chosen_in_browser(name: str) -> str:
    """What the browser runs when something is chosen in the widget `name`, beside the event that Python gets."""
    return f"(value) => void window.mergelab.onChoice({name!r}, value)"


class LabPage:
    """The widgets of the page, wired to the sessions of a `Lab`."""

    def __init__(self, lab: Lab, downloads: Path, parts: Mapping[str, Any]) -> None:
        self.lab, suites = lab, {name: suite.title for name, suite in lab.suites().items()}
        if not suites:
            raise ValueError("no suite is installed: `mergelab suite build pixels` makes one")
        with gr.Sidebar(width=340, elem_id="sidebar"):
            self.sidebar = sidebar(suites, lab.opening().models, lab.settings.device)
        self.state = SidebarState(lab, self.sidebar.values, suites)
        self.knob_changes = KnobChangeHandler(self.state, (*self.sidebar.turning, *names.WITHOUT_WIDGETS))
        self.panel = panel(parts, self.knob_changes.endpoint())
        self.downloads = Downloads(Follower(self.state), downloads)
        widgets = {**self.sidebar.widgets, PANEL: self.panel, DOWNLOAD: self.downloads.button()}
        self.wiring, self.stop_button = Wiring(widgets), widgets[STOP]

    def wire(self, blocks: gr.Blocks) -> None:
        """Attach every event. None takes more widgets than were just changed: Gradio's page visits every input several
        times."""
        self._wire_knobs()
        self._wire_sidebar()
        self._wire_lab()
        self._wire_compare()
        self._wire_tensor()
        self._wire_answers()
        self._wire_task_sets()
        self._wire_runs()
        self._wire_sweep()
        self._wire_papers()
        self._wire_opening(blocks)

    def show_first(self, parts: Mapping[str, Any], blocks: gr.Blocks) -> None:
        """From now on the page arrives with these parts of the panel in it."""
        compat.show_from_the_start(self.panel, numbered(parts), blocks)

    def _on(self, event: str) -> Any:
        return compat.listener(self.panel, event)

    def _attach(self, listener: Any, handler: Any, options: Mapping[str, Any], **more: Any) -> Any:
        return self.wiring.attach(listener, handler, **more, **compat.quietly(options, self.stop_button))

    def _wire_knobs(self) -> None:
        for name in self.sidebar.turning:
            widget = self.wiring.widgets[name]
            event = (
                widget.blur if name in TensorSelection.FIELDS else widget.input
            )  # a pattern is read when it is complete
            event(None, widget, js=turned_in_browser(name), **compat.IN_BROWSER)
        for name in names.CHOICES:
            widget = self.wiring.widgets[name]
            widget.input(None, widget, js=chosen_in_browser(name), **compat.IN_BROWSER)

    def _wire_sidebar(self) -> None:
        """After each of these events the charts that are known are shown."""
        events, widgets, experts = SidebarEvents(self.state), self.wiring.widgets, [names.EXPERTS, *per_expert()]
        choices = [names.METHOD, names.SPARSIFIER, names.EXPERTS, names.DEVICE]
        arranged = [*(str(group.column.elem_id) for group in self.sidebar.groups), *per_expert()]
        everything = [PANEL, *self.sidebar.outputs]
        chosen = self._attach(
            lambda *given, **options: gr.on([widgets[name].input for name in choices], *given, **options),
            events.arrange,
            compat.WIDGET,
            inputs=choices,
            outputs=arranged,
        )
        source = self._attach(
            widgets[names.SOURCE].input, events.change_source, compat.WIDGET, inputs=[names.SOURCE], outputs=experts
        )
        preset = self._attach(
            widgets[PRESET].input, events.use_preset, compat.WIDGET, inputs=[PRESET], outputs=everything
        )
        restored = self._attach(
            self._on("restore"), events.restore, compat.UNQUEUED, outputs=self.sidebar.outputs, carries=RestoreRequest
        )
        travelled = self._attach(
            self._on("travel"), events.travel, compat.UNQUEUED, outputs=everything, carries=TravelRequest
        )
        reported = self._attach(
            self._on("values"),
            ReportedValueHandler(self.state).take,
            {**compat.UNQUEUED, "trigger_mode": compat.MANY},
            outputs=[PANEL, *self.sidebar.outputs],
            carries=ReportedValues,
        )
        told = self._attach(
            self._on("example"), events.tell, compat.PAYLOAD, outputs=everything, carries=ExampleRequest
        )
        opened = self._attach(
            self._on("open_recipe"),
            events.open_recipe,
            compat.UNQUEUED,
            outputs=[*everything, OWN_BASE, OWN_EXPERTS],
            carries=OpenRequest,
        )
        put_back = self._attach(
            self._on("put_back"), events.put_back, compat.UNQUEUED, outputs=everything, carries=PutBackRequest
        )
        for event in (chosen, source, preset, restored, travelled, reported, told, opened, put_back):
            self._attach(event.then, self.knob_changes.show, {**compat.UNQUEUED, "trigger_mode": compat.MANY})
        self._attach(
            self._on("own"),
            events.open_own,
            compat.PAYLOAD,
            outputs=[PANEL, *OWN_FIELDS, *self.sidebar.outputs],
            carries=OwnModelsOffer,
        )
        self._attach(
            widgets[USE_OWN].click,
            events.use_own,
            compat.LOOK_UP,
            inputs=OWN_FIELDS,
            outputs=[PANEL, names.SOURCE, *experts],
        )

    def _wire_task_sets(self) -> None:
        tab, widgets, typed = TaskSetsTab(self.state), self.wiring.widgets, {"inputs": OWN_FIELDS}
        uploaded = {"inputs": (UPLOAD_TASKS, *OWN_FIELDS)}
        self._attach(
            widgets[UPLOAD_TASKS].upload, tab.upload, {**compat.LOOK_UP, "trigger_mode": compat.MANY}, **uploaded
        )
        self._attach(widgets[LOOK_AT_TASKS].click, tab.look, compat.LOOK_UP, **typed)
        self._attach(self._on("correct_task"), tab.correct, compat.PAYLOAD, carries=TaskCorrection, **typed)
        outputs, request = [PANEL, OWN_TASKS], TaskSetRequest
        self._attach(self._on("remove_task"), tab.remove, compat.PAYLOAD, outputs=outputs, carries=request, **typed)
        self._attach(self._on("keep_task"), tab.keep, compat.PAYLOAD, carries=request, **typed)

    def _wire_runs(self) -> None:
        tab = RunsTab(Follower(self.state))
        self._attach(self._on("runs"), tab.list, compat.PAYLOAD, carries=RunsRequest)
        self._attach(self._on("mark_run"), tab.mark, compat.PAYLOAD, carries=RunMark)
        self._attach(self._on("compare_runs"), tab.compare, compat.PAYLOAD, carries=RunNumbers)
        self._attach(self._on("export_runs"), tab.write, compat.PAYLOAD, carries=RunFileRequest)
        measured = {**compat.HEAVY, "trigger_mode": compat.MANY}
        self._attach(self._on("reproduce_run"), tab.reproduce, measured, carries=ReproduceRequest)

    def _wire_sweep(self) -> None:
        tab = SweepTab(Follower(self.state))
        self._attach(self._on("sweep_settings"), tab.show, compat.PAYLOAD)
        self._attach(self._on("draw_sweep"), tab.draw, compat.PAYLOAD, carries=SweepChartRequest)
        heavy = {**compat.HEAVY, "trigger_mode": compat.MANY}
        self._attach(self._on("run_sweep"), tab.run, heavy, carries=SweepRequest)

    def _wire_papers(self) -> None:
        tab = PapersTab(Follower(self.state))
        self._attach(self._on("papers"), tab.show, compat.PAYLOAD)
        heavy = {**compat.HEAVY, "trigger_mode": compat.MANY}
        self._attach(self._on("measure_claim"), tab.measure, heavy, carries=ClaimRequest)

    def _wire_lab(self) -> None:
        tab, merge = LabTab(Follower(self.state)), self.wiring.widgets[MERGE].click
        self._attach(self._on("preview"), tab.preview, compat.LOOK_UP)
        self._attach(self._on("live"), tab.live, {**compat.HEAVY, "trigger_mode": "always_last"})
        self._attach(merge, tab.merge, {**compat.HEAVY, "trigger_mode": "once", "js": FLUSHED})
        self._attach(self._on("test"), tab.test, compat.HEAVY)
        built = [PANEL, DOWNLOAD]
        self._attach(self._on("keep"), self.downloads.keep, compat.HEAVY, outputs=built)
        adapter = self.downloads.adapter
        self._attach(self._on("adapter"), adapter, compat.HEAVY, outputs=built, carries=AdapterRequest)
        self._attach(self._on("report"), self.downloads.report, compat.HEAVY, outputs=built)
        self._attach(self._on("narrow"), tab.narrow, compat.PAYLOAD, carries=NarrowRequest)
        measured = {**compat.HEAVY, "trigger_mode": compat.MANY}
        self._attach(self._on("measure_damage"), tab.measure_damage, measured, carries=DamageRequest)
        self._attach(self._on("show_damage"), tab.show_damage, compat.PAYLOAD, carries=DamageRequest)
        for stopping in (self.stop_button.click, self._on("stop")):
            self._attach(stopping, tab.stop, {**compat.UNQUEUED, "js": FLUSHED})

    def _wire_compare(self) -> None:
        tab = CompareTab(Follower(self.state))
        self._attach(self._on("pin"), tab.pin, compat.PAYLOAD, carries=PinRequest)
        self._attach(self._on("score"), tab.score, compat.HEAVY)
        self._attach(self._on("unpin"), tab.unpin, compat.PAYLOAD, carries=UnpinRequest)

    def _wire_tensor(self) -> None:
        tab = TensorTab(self.state)
        self._attach(self._on("tensors"), tab.tensors, compat.LOOK_UP)
        self._attach(self._on("look"), tab.look, compat.PAYLOAD, carries=TensorRequest)
        unqueued = {**compat.PAYLOAD, "queue": False}  # a look-up in the page's process
        self._attach(self._on("cells"), tab.cells, unqueued, carries=WindowRequest)
        self._attach(self._on("coordinates"), tab.coordinates, compat.PAYLOAD, carries=WindowRequest)
        self._attach(self._on("pair_conflicts"), tab.pair_conflicts, compat.PAYLOAD, carries=PairRequest)
        self._attach(self._on("spectrum"), tab.spectrum, compat.LOOK_UP)

    def _wire_answers(self) -> None:
        tab = AnswersTab(self.state, Follower(self.state))
        self._attach(self._on("answers"), tab.show, compat.PAYLOAD, carries=AnswersRequest)
        self._attach(self._on("try_it"), tab.try_it, {**compat.HEAVY, "trigger_mode": compat.MANY}, carries=TryRequest)
        self._attach(self._on("export_answers"), tab.export, compat.PAYLOAD, carries=AnswersRequest)

    def _wire_opening(self, blocks: gr.Blocks) -> None:
        opening = Opening(self.state, self.downloads)
        options = {**compat.HEAVY, "concurrency_id": "open"}
        self._attach(blocks.load, opening.open, options, outputs=[PANEL, *self.sidebar.outputs])
        blocks.unload(opening.leave)
