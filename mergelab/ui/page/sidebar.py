"""The sidebar: widgets generated from the signatures of methods and sparsifiers, and the form that they fill in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from mergelab.evaluation.scoring import QUICK_ROWS
from mergelab.methods import METHODS
from mergelab.methods.knobs import Choice, Knob, Range
from mergelab.methods.registry import Rule
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe import DTYPE, SEED, Recipe
from mergelab.runtime.devices import DEVICES
from mergelab.ui.form.examples import FIRST, presets, starting_points, title_fitting
from mergelab.ui.form.form import (
    MOST_EXPERTS,
    NO_SPARSIFIER,
    OWN,
    OWNERS,
    Form,
    KnobPlace,
    Models,
    all_knobs,
    weight_id,
)
from mergelab.ui.form.labels import NUMBERS_OF_EXPERTS, PLACES, number, title_of
from mergelab.ui.form.method_list import line_of, method_entries, short_title

Widget = Any
FINE = 500
"""A range of more steps than this gets no slider: a pixel would be many steps."""
FIXED = 9
"""How many inputs stand before the weights and knobs."""


def control(knob: Knob, **place: Any) -> Widget:
    """The widget of a knob: a slider with number and reset, a number alone where a slider is too coarse, or a row of words."""
    label = title_of(knob.name)
    match knob.domain:
        case Range(low, high, step, help) if _too_fine(knob.domain):
            least, most = knob.domain.bounds
            ends = f"At least {number(least)}" if knob.domain.open_above else f"From {number(least)} to {number(most)}"
            return gr.Number(
                knob.default, minimum=least, maximum=most, step=step, label=label, info=f"{help}. {ends}.", **place
            )
        case Range(low, high, step, help):
            return gr.Slider(low, high, knob.default, step=step, label=label, info=help, buttons=["reset"], **place)
        case Choice(options, help):
            return gr.Radio(list(options), value=str(knob.default), label=label, info=help, **place)


@dataclass(frozen=True)
class KnobGroup:
    """The knobs of one rule, shown while it is chosen."""

    owner: str
    rule: str
    column: gr.Column
    widgets: Mapping[KnobPlace, Widget]


def knob_group(owner: str, rule: Rule, visible: bool) -> KnobGroup:
    """Sliders first; the choices, which fewer people turn, folded away."""
    knobs = [(KnobPlace(owner, rule.name, knob.name), knob) for knob in rule.knobs if not knob.per_model]
    sliders = [(place, knob) for place, knob in knobs if not isinstance(knob.domain, Choice)]
    choices = [(place, knob) for place, knob in knobs if isinstance(knob.domain, Choice)]
    widgets = {}
    with gr.Column(
        visible=visible, elem_classes="knobs", elem_id=f"knobs-{owner}-{rule.name}".replace("_", "-")
    ) as column:
        gr.Markdown(f"{line_of(rule)} *{rule.paper}*", elem_classes="summary")
        widgets.update({place: control(knob, elem_id=place.elem_id) for place, knob in sliders})
        if choices:
            with gr.Accordion(f"Fine points of {short_title(rule)}", open=False, elem_classes="fine"):
                widgets.update({place: control(knob, elem_id=place.elem_id) for place, knob in choices})
    return KnobGroup(owner, rule.name, column, widgets)


@dataclass(frozen=True)
class Controls:
    """Every widget of the sidebar."""

    preset: Widget
    source: Widget
    experts: Widget
    own_base: Widget
    own_experts: Widget
    use_own: Widget
    method: Widget
    sparsifier: Widget
    groups: tuple[KnobGroup, ...]
    weights_box: Widget
    weights: tuple[Widget, ...]
    seed: Widget
    dtype: Widget
    device: Widget
    rows: Widget
    live: Widget
    merge: Widget
    stop: Widget

    @property
    def knobs(self) -> dict[KnobPlace, Widget]:
        """All knob widgets by place."""
        return {place: widget for group in self.groups for place, widget in group.widgets.items()}

    @property
    def inputs(self) -> list[Widget]:
        """The widgets that make a form, in the order that `form` reads their values."""
        fixed = [
            self.source,
            self.experts,
            self.method,
            self.sparsifier,
            self.seed,
            self.dtype,
            self.device,
            self.rows,
            self.live,
        ]
        return [*fixed, *self.weights, *self.knobs.values()]

    def weights_of(self, values: Sequence[Any]) -> Sequence[Any]:
        """The weights among `values` of `inputs`, by slot."""
        return values[FIXED : FIXED + MOST_EXPERTS]

    @property
    def turning(self) -> list[Widget]:
        """Widgets that change nothing else on the sidebar."""
        return [self.seed, self.dtype, self.rows, self.live, *self.weights, *self.knobs.values()]

    def form(self, models: Models, values: Sequence[Any]) -> Form:
        """The form that `values` of `inputs` make with those models."""
        _, chosen, method, sparsifier, seed, dtype, device, rows, live = values[:FIXED]
        weights, knobs = self.weights_of(values), values[FIXED + MOST_EXPERTS :]
        return Form(
            models,
            tuple(chosen or ()),
            method,
            sparsifier,
            dict(zip(self.knobs, knobs, strict=True)),
            dict(zip(models.titles, weights, strict=False)),
            seed,
            dtype,
            device,
            rows or None,
            bool(live),
        )

    @property
    def outputs(self) -> list[Widget]:
        """Everything that `filled` may update."""
        c = self
        columns = [group.column for group in c.groups]
        asked = [c.preset, c.source, c.experts, c.method, c.sparsifier, c.seed, c.dtype]
        return [*asked, *columns, c.weights_box, *c.weights, *c.knobs.values()]

    def filled(self, form: Form) -> dict[Widget, Any]:
        """Updates that make the sidebar say what `form` says; knobs of rules that it does not use stay as they are."""
        recipe_says = {
            self.preset: title_fitting(form),
            self.source: OWN if form.models.edition else form.models.base,
            self.experts: expert_choices(form.models, form.chosen),
            self.method: form.method,
            self.sparsifier: form.sparsifier,
            self.seed: form.seed,
            self.dtype: form.dtype,
        }
        columns = dict(
            zip((group.column for group in self.groups), self.visibility(form.method, form.sparsifier), strict=True)
        )
        return {**recipe_says, **columns, **self._weights_filled(form), **self._knobs_filled(form)}

    def _weights_filled(self, form: Form) -> dict[Widget, Any]:
        knob = METHODS[form.method].per_model
        references = [*form.models.titles, *[""] * MOST_EXPERTS][:MOST_EXPERTS]
        values = [form.weights.get(reference, knob.default if knob else 1.0) for reference in references]
        updates = self.weight_updates(form.models, form.method, form.chosen, values)
        return dict(zip((self.weights_box, *self.weights), updates, strict=True))

    def _knobs_filled(self, form: Form) -> dict[Widget, Any]:
        used = {("method", form.method), ("sparsify", form.sparsifier)}
        titles = [title for reference, title in form.models.titles.items() if reference in form.chosen]
        filled = {}
        for place, knob in all_knobs().items():
            if (place.owner, place.rule) in used:
                value = form.knobs.get(place, knob.default)
                filled[self.knobs[place]] = (
                    number_of_experts(place, titles, value) if place in self._numbers else shown(knob, value)
                )
        return filled

    def visibility(self, method: str, sparsifier: str) -> list[Any]:
        """Updates of the groups' columns: those of the chosen rules are shown."""
        chosen = {("method", method), ("sparsify", sparsifier)}
        return [gr.update(visible=(group.owner, group.rule) in chosen) for group in self.groups]

    @property
    def per_expert(self) -> list[Widget]:
        """The widgets that depend on which experts are chosen."""
        return [self.weights_box, *self.weights, *self._numbers.values()]

    @property
    def _numbers(self) -> dict[KnobPlace, Widget]:
        return {place: widget for place, widget in self.knobs.items() if place.knob in NUMBERS_OF_EXPERTS}

    def deal(
        self, models: Models, method: str, chosen: Sequence[str], values: Sequence[Any] | None = None
    ) -> list[Any]:
        """Updates of `per_expert` for the chosen experts; `values` are those of `inputs`, or None to start afresh."""
        weights = self.weights_of(values) if values else [1.0] * len(self.weights)
        turned = dict(zip(self.knobs, values[FIXED + MOST_EXPERTS :], strict=True)) if values else {}
        titles = [title for reference, title in models.titles.items() if reference in chosen]
        numbers = [number_of_experts(place, titles, turned.get(place)) for place in self._numbers]
        return [*self.weight_updates(models, method, chosen, weights), *numbers]

    def weight_updates(self, models: Models, method: str, chosen: Sequence[str], values: Sequence[Any]) -> list[Any]:
        """Updates of the weights' box and sliders: one for each chosen expert, in the range that the method allows."""
        knob = METHODS[method].per_model
        if knob is None:
            return [gr.update(visible=False), *(gr.skip() for _ in self.weights)]
        return [gr.update(visible=bool(chosen)), *weight_sliders(knob, models, chosen, values)]


def shown(knob: Knob, value: Any) -> Any:
    """The update that makes a widget show a value: a slider grows to hold a valid one beyond its ends."""
    domain = knob.domain
    if not isinstance(domain, Range) or not isinstance(value, int | float) or domain.low <= value <= domain.high:
        return value
    return gr.update(value=value, **({} if _too_fine(domain) else _ends(domain, value)))


def _too_fine(domain: Range) -> bool:
    return (domain.high - domain.low) / domain.step > FINE


def _ends(domain: Range, value: float) -> dict[str, float]:
    """The ends of a slider that holds the value."""
    return {"minimum": min(domain.low, value), "maximum": max(domain.high, value)}


def number_of_experts(place: KnobPlace, titles: Sequence[str], value: Any) -> Any:
    """The update of a knob that counts experts: its slider ends at their number, and says which expert is which."""
    knob = all_knobs()[place]
    assert isinstance(knob.domain, Range)
    most = max(int(knob.domain.low) + 1, len(titles))
    who = ", ".join(f"{number} is {title}" for number, title in enumerate(titles, 1)) if place.knob in PLACES else ""
    inside = isinstance(value, int | float) and knob.domain.low <= value <= most
    return gr.update(
        maximum=most,
        value=value if inside else knob.default,
        info=f"{knob.domain.help}. Here {who}." if who else knob.domain.help,
    )


def weight_sliders(knob: Knob, models: Models, chosen: Sequence[str], values: Sequence[Any]) -> list[Any]:
    """One update a slot; a value that the method does not allow goes back to the default, visibly."""
    domain, references = knob.domain, list(models.titles)
    assert isinstance(domain, Range)
    updates = []
    for place in range(MOST_EXPERTS):
        reference = references[place] if place < len(references) else None
        if reference is None or reference not in chosen:
            updates.append(gr.update(visible=False))
            continue
        least, most = domain.bounds
        valid = isinstance(values[place], int | float) and least <= values[place] <= most
        value = values[place] if valid else knob.default
        updates.append(
            gr.update(visible=True, label=models.titles[reference], value=value, **_ends(domain, float(value)))
        )
    return updates


def sidebar(suites: Mapping[str, str], models: Models, device: str) -> Controls:
    """Lay out the sidebar for the suites (name to title), opening on the first with all its experts."""
    start = presets()[FIRST].recipe
    preset = gr.Dropdown(
        [(start.title, start.name) for start in starting_points()],
        value=FIRST,
        label="Start from",
        elem_id="preset",
        filterable=False,
    )
    source = gr.Dropdown(
        [(title, name) for name, title in suites.items()],
        value=models.base,
        label="Models",
        elem_id="suite",
        filterable=False,
    )
    experts = gr.CheckboxGroup(
        [(title, name) for name, title in models.titles.items()],
        value=list(models.titles),
        label="Experts",
        elem_id="experts",
    )
    with gr.Accordion("Your own models", open=False, elem_id="own"):
        own_base = gr.Textbox(
            label="Base", placeholder="/path/to/folder  or  owner/name@revision", elem_id="own-base", max_lines=1
        )
        own_experts = gr.Textbox(
            label="Experts, one a line", placeholder="/path/to/first\nowner/second", lines=3, elem_id="own-experts"
        )
        use_own = gr.Button("Use these models", size="sm", elem_id="use-own")
    sparsifier = gr.Radio(
        [("None", NO_SPARSIFIER), *((rule.title, name) for name, rule in SPARSIFIERS.items())],
        value=start.sparsify.name if start.sparsify else NO_SPARSIFIER,
        label="Drop first",
        elem_id="sparsifier",
        elem_classes="pills",
    )
    groups = [knob_group("sparsify", rule, False) for rule in SPARSIFIERS.values()]
    method = gr.Dropdown(
        [(entry.title, entry.name) for entry in method_entries(METHODS.values())],
        value=start.method.name,
        label="Method",
        elem_id="method",
        filterable=False,
    )
    groups += [knob_group("method", rule, rule.name == start.method.name) for rule in METHODS.values()]
    with gr.Accordion("Weight of each expert", open=False, elem_id="weights") as weights_box:
        weights = tuple(_weight_slot(place, models, METHODS[start.method.name]) for place in range(MOST_EXPERTS))
    with gr.Accordion("Seed, format, device, rows", open=False, elem_id="more"):
        seed = gr.Number(0, label="Seed", info=SEED.help, precision=0, minimum=SEED.low, elem_id="seed")
        dtype = gr.Dropdown(
            list(DTYPE.options), value="base", label="Number format", info=DTYPE.help, elem_id="dtype", filterable=False
        )
        device_box = gr.Radio(
            list(DEVICES),
            value=device,
            label="Device",
            info="auto takes the GPU when there is one",
            elem_id="device",
            elem_classes="pills",
        )
        rows = gr.Dropdown(
            [(str(QUICK_ROWS), QUICK_ROWS), ("500", 500), ("all", 0)],
            value=QUICK_ROWS,
            label="Validation rows a task",
            info="Fewer are quicker and less sure; test rows are always all",
            elem_id="rows",
            filterable=False,
        )
    live = gr.Checkbox(True, label="Live scores", info="Merge and score small models after every knob", elem_id="live")
    with gr.Row(elem_id="actions"):
        merge = gr.Button("Merge", variant="primary", elem_id="merge")
        stop = gr.Button("Stop", elem_id="stop")
    return Controls(
        preset,
        source,
        experts,
        own_base,
        own_experts,
        use_own,
        method,
        sparsifier,
        tuple(groups),
        weights_box,
        weights,
        seed,
        dtype,
        device_box,
        rows,
        live,
        merge,
        stop,
    )


def _weight_slot(place: int, models: Models, rule: Rule) -> Widget:
    titles, knob = list(models.titles.values()), rule.per_model
    low, high, step = (
        (knob.domain.low, knob.domain.high, knob.domain.step)
        if knob and isinstance(knob.domain, Range)
        else (0, 1, 0.05)
    )
    return gr.Slider(
        low,
        high,
        1.0,
        step=step,
        label=titles[place] if place < len(titles) else f"Expert {place + 1}",
        visible=place < len(titles),
        buttons=["reset"],
        elem_id=weight_id(place),
        elem_classes="weight",
    )


def preset_updates(controls: Controls, recipe: Recipe) -> dict[Widget, Any]:
    """Updates of method, sparsifier and all knobs: the preset's values, elsewhere the defaults."""
    sparsifier = recipe.sparsify.name if recipe.sparsify else NO_SPARSIFIER
    values = {
        ("method", recipe.method.name): recipe.method.knobs,
        ("sparsify", sparsifier): recipe.sparsify.knobs if recipe.sparsify else {},
    }
    knobs = {}
    for place, widget in controls.knobs.items():
        rule = OWNERS[place.owner][place.rule]
        default = next(knob.default for knob in rule.knobs if knob.name == place.knob)
        knobs[widget] = values.get((place.owner, place.rule), {}).get(place.knob, default)
    return {controls.method: recipe.method.name, controls.sparsifier: sparsifier, **knobs}


def expert_choices(models: Models, chosen: Sequence[str]) -> Any:
    """The update of the experts' list: all of these models, some of them ticked."""
    return gr.update(choices=[(title, name) for name, title in models.titles.items()], value=list(chosen))


def source_choices(suites: Mapping[str, str], own: Models | None) -> list[tuple[str, str]]:
    """The choices of the models dropdown."""
    listed = [(title, name) for name, title in suites.items()]
    return [*listed, (f"Your own: {own.base}", OWN)] if own else listed
