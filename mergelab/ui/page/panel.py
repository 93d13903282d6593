"""The panel: the one component that owns plotly.js, and what it knows about the sidebar from the start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from mergelab.methods.knobs import Knob, Range, Value
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe.overrides import is_own, varies
from mergelab.recipe.recipe import DEPTH_SCALE
from mergelab.ui.form.examples import starting_points
from mergelab.ui.form.figure_words import FIGURE_STATES
from mergelab.ui.form.form import MOST_EXPERTS, all_knobs, weight_id
from mergelab.ui.form.labels import COMPLEMENTS, PLACES, title_of
from mergelab.ui.form.method_list import line_of, method_choices
from mergelab.ui.form.sidebar_values import DEPTH_SCALE as DEPTH
from mergelab.ui.form.sidebar_values import MATCH_NORMS
from mergelab.ui.form.stories import stories
from mergelab.ui.form.texts.link import VIEW
from mergelab.ui.messages import PARTS, KnobRange, ListEntry, PanelMessages, parts_of
from mergelab.ui.page.glossary import glossary
from mergelab.ui.page.gradio_compat import lighten
from mergelab.ui.page.panel_texts import numbered
from mergelab.ui.page.serving.module_files import ON_LOAD
from mergelab.ui.web import read

TABS = ("lab", "answers", "tensor", "compare", "runs", "sweep", "task_sets", "papers")
PARTS_OF_PAGE = (*TABS, "open")


def panel(parts: Mapping[str, Any], turned: Callable[[dict[str, Any]], str]) -> gr.HTML:
    """Charts, numbers, scores and status in one component. Each part is a property that changes by itself. The page calls
    `turned` when a knob is turned, and gets the changed parts as JSON."""
    examples = [ListEntry(title, story.line) for title, story in stories().items()]
    known = parts_of(
        PanelMessages(
            complements=complements(),
            lists=lists(),
            glossary=glossary(),
            examples=examples,
            defaults=defaults(),
            ranges=ranges(),
            states=FIGURE_STATES,
            view=VIEW,
        )
    )
    made = gr.HTML(
        html_template=page_html(),
        js_on_load=ON_LOAD,
        apply_default_css=False,
        elem_id="panel",
        server_functions=[turned],
        **{**dict.fromkeys(PARTS), **numbered({**known, **parts})},
    )
    return lighten(made)


def page_html() -> str:
    """The frame with its tabs and the dialog in it."""
    frame = read("panel.html")
    for part in PARTS_OF_PAGE:
        frame = frame.replace(f"<!-- {part}.html -->", read(f"{part}/{part}.html"))
    return frame


def lists() -> dict[str, list[ListEntry]]:
    """Family and line of every choice of each list, in order, by the list's elem_id."""
    methods = [ListEntry(entry.family, entry.line) for entry in method_choices()]
    nothing = ListEntry("", "Every change goes into the merge.")
    sparsifiers = [ListEntry("", line_of(rule)) for rule in SPARSIFIERS.values()]
    starts = [ListEntry(start.family, start.line) for start in starting_points()]
    return {"preset": starts, "method": methods, "sparsifier": [nothing, *sparsifiers]}


def complements() -> dict[str, str]:
    """What 1 minus a knob's value is called, by the knob's elem_id."""
    return {place.elem_id: COMPLEMENTS[place.knob] for place in all_knobs() if place.knob in COMPLEMENTS}


def defaults() -> dict[str, Value]:
    """The default of each knob, by its elem_id. Weights have the same default in every method."""
    weights = {weight_id(place): 1.0 for place in range(MOST_EXPERTS)}
    knobs = {place.elem_id: knob.default for place, knob in all_knobs().items()}
    return {**knobs, **weights, MATCH_NORMS: "none"}


def ranges() -> dict[str, KnobRange]:
    """What the numbers of each knob may be, by its elem_id; that of the weights is their widgets'."""
    knobs = {place.elem_id: _range(title_of(place.knob), knob) for place, knob in all_knobs().items()}
    depth = KnobRange("Depth scale", 0.0, 2.0, *DEPTH_SCALE.bounds, DEPTH_SCALE.step, layered=True, each=False)
    return {**{name: found for name, found in knobs.items() if found}, DEPTH: depth}


def _range(title: str, knob: Knob) -> KnobRange | None:
    domain = knob.domain
    if not isinstance(domain, Range):
        return None
    layered = varies(knob) and knob.name not in PLACES  # nothing lies between two experts
    return KnobRange(title, domain.low, domain.high, *domain.bounds, domain.step, layered, is_own(knob))
