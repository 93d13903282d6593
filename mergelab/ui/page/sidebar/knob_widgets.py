"""The widgets of knobs, generated from the signatures of methods and sparsifiers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from mergelab.methods.knobs import Choice, Knob, Range
from mergelab.methods.registry import Rule
from mergelab.ui.form.form import KnobPlace, Models, weight_id
from mergelab.ui.form.labels import PLACES, PLACES_HELP, number, title_of, value_of
from mergelab.ui.form.method_list import STACKING, line_of, short_title
from mergelab.ui.form.model_titles import short
from mergelab.ui.form.sidebar_values import SLICES

Widget = Any
FINE = 500
"""A range of more steps than this gets no slider: a pixel would be many steps."""


def is_too_fine(domain: Range) -> bool:
    """Whether the range has more steps than a slider has pixels."""
    return (domain.high - domain.low) / domain.step > FINE


def control(knob: Knob, **place: Any) -> Widget:
    """The widget of a knob: a slider with number and reset, a number alone if a slider is too coarse, a row of words, or a list
    of experts."""
    label = title_of(knob.name)
    match knob.domain:
        case Range() if knob.name in PLACES:
            return gr.Dropdown(
                places_of_experts(knob.name, ()), value=knob.default, label=label, info=PLACES_HELP, **place
            )
        case Range() if is_too_fine(knob.domain):
            return _number_box(knob, knob.domain, label, **place)
        case Range(low, high, step, help):
            return gr.Slider(low, high, knob.default, step=step, label=label, info=help, buttons=["reset"], **place)
        case Choice(options, help):
            choices = [(value_of(knob.name, option), option) for option in options]
            return gr.Radio(choices, value=str(knob.default), label=label, info=help, **place)


def places_of_experts(knob: str, titles: Sequence[str]) -> list[tuple[str, int]]:
    """What a knob that selects one of the chosen experts offers: none, or each of them by its title."""
    return [(PLACES[knob], 0), *((title, number) for number, title in enumerate(titles, 1))]


def _number_box(knob: Knob, domain: Range, label: str, **place: Any) -> Widget:
    least, most = domain.bounds
    ends = f"At least {number(least)}" if domain.open_above else f"From {number(least)} to {number(most)}"
    info = f"{domain.help}. {ends}."
    return gr.Number(knob.default, minimum=least, maximum=most, step=domain.step, label=label, info=info, **place)


def column_id(owner: str, rule: str) -> str:
    """The name of the column that holds the knobs of a rule."""
    return f"knobs-{owner}-{rule}".replace("_", "-")


@dataclass(frozen=True)
class KnobGroup:
    """The knobs of one rule, visible while the rule is chosen. `widgets` is by the name of each widget."""

    owner: str
    rule: str
    column: gr.Column
    widgets: Mapping[str, Widget]


def knob_group(owner: str, rule: Rule, visible: bool) -> KnobGroup:
    """Sliders first. Choices, which fewer people change, are folded away."""
    knobs = [(KnobPlace(owner, rule.name, knob.name), knob) for knob in rule.knobs if not knob.per_model]
    sliders = [(place, knob) for place, knob in knobs if not isinstance(knob.domain, Choice)]
    choices = [(place, knob) for place, knob in knobs if isinstance(knob.domain, Choice)]
    with gr.Column(visible=visible, elem_classes="knobs", elem_id=column_id(owner, rule.name)) as column:
        gr.Markdown(f"{line_of(rule)} *{linked(rule.paper)}*", elem_classes="summary")
        widgets = {place.elem_id: control(knob, elem_id=place.elem_id) for place, knob in sliders}
        if choices:
            with gr.Accordion(f"Advanced {short_title(rule)} settings", open=False, elem_classes="fine"):
                widgets |= {place.elem_id: control(knob, elem_id=place.elem_id) for place, knob in choices}
    return KnobGroup(owner, rule.name, column, widgets)


def linked(paper: str) -> str:
    """The paper as Markdown, with a link where it names an arXiv id."""
    return re.sub(r"arXiv:(\d{4}\.\d{5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", paper)


def slices_group(models: Models) -> KnobGroup:
    """The box for the slices of a stack, visible while a stack is chosen."""
    column_name = column_id("method", STACKING.name)
    with gr.Column(visible=False, elem_classes="knobs", elem_id=column_name) as column:
        gr.Markdown(STACKING.line, elem_classes="summary")
        box = gr.Textbox(
            label="Slices, from input to output",
            info=slices_info(models),
            placeholder="base:0-4\nbase:2-6",
            lines=5,
            max_lines=20,
            elem_id=SLICES,
        )
    return KnobGroup("method", STACKING.name, column, {SLICES: box})


def slices_info(models: Models) -> str:
    """How slices are written, with the names of these models."""
    named = ", ".join(
        name if name == short(reference) else f"{name} ({models.titles.get(reference, short(reference))})"
        for name, reference in models.names_with_base.items()
    )
    return (
        "One MODEL:FIRST-END per line: layers FIRST up to, but not including, END. "
        f"Models: {named}. A line “* FACTOR PATTERN” below a slice multiplies its tensors whose names match; "
        "“embeddings: MODEL” and “head: MODEL” take these from a model other than the base."
    )


def weight_slider(place: int, models: Models, rule: Rule) -> Widget:
    """The slider of the expert at this place in the models' list; hidden if the models have fewer."""
    titles, knob = list(models.titles.values()), rule.per_model
    domain = knob.domain if knob and isinstance(knob.domain, Range) else Range(0, 1, 0.05, "")
    return gr.Slider(
        domain.low,
        domain.high,
        1.0,
        step=domain.step,
        label=titles[place] if place < len(titles) else f"Expert {place + 1}",
        visible=place < len(titles),
        buttons=["reset"],
        elem_id=weight_id(place),
        elem_classes="weight",
    )
