"""What becomes of the sidebar's widgets, by name, when other models, methods or whole forms are chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from mergelab.methods import METHODS
from mergelab.methods.knobs import Knob, Range
from mergelab.recipe import STACK, Recipe
from mergelab.recipe.file_choices import FILE_CHOICES
from mergelab.recipe.tensor_selection import TensorSelection
from mergelab.ui.form import sidebar_values as names
from mergelab.ui.form.examples import title_fitting
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
from mergelab.ui.form.labels import NUMBERS_OF_EXPERTS, PLACES
from mergelab.ui.page.sidebar.knob_widgets import column_id, is_too_fine, places_of_experts, slices_info
from mergelab.ui.page.sidebar.sidebar_layout import PRESET, WEIGHTS_BOX, file_options
from mergelab.ui.page.sidebar.wiring import Updates


def form_updates(form: Form, suites: Mapping[str, str], own: Models | None) -> Updates:
    """Make the sidebar hold what `form` says. Knobs of rules that the form does not use stay as they are."""
    source = OWN if form.models.edition else form.models.base
    return {
        PRESET: title_fitting(form),
        names.SOURCE: gr.update(choices=source_choices(suites, own), value=source),
        names.EXPERTS: expert_choices(form.models, form.chosen),
        names.METHOD: form.method,
        names.SPARSIFIER: form.sparsifier,
        names.SEED: form.seed,
        names.DTYPE: form.dtype,
        **slices_updates(form.models, form.slices if form.is_stack else None),
        names.MATCH_NORMS: form.match_norms,
        **{name: "\n".join(form.selection.get(name, ())) for name in TensorSelection.FIELDS},
        **file_updates(form.models, form.chosen, form.file_choices),
        **visible_columns(form.method, form.sparsifier),
        **_form_weights(form),
        **_form_knobs(form),
    }


def _form_weights(form: Form) -> Updates:
    knob = _weight_knob(form.method)
    default = knob.default if knob else 1.0
    weights = {reference: form.weights.get(reference, default) for reference in form.models.titles}
    return weight_updates(form.models, form.method, form.chosen, weights)


def _form_knobs(form: Form) -> Updates:
    used = {("method", form.method), ("sparsify", form.sparsifier)}
    titles = _chosen_titles(form.models, form.chosen)
    values = {place: form.knobs.get(place, knob.default) for place, knob in all_knobs().items()}
    return {
        place.elem_id: number_of_experts(place, titles, values[place])
        if place.knob in NUMBERS_OF_EXPERTS
        else grown(knob, values[place])
        for place, knob in all_knobs().items()
        if (place.owner, place.rule) in used
    }


def _chosen_titles(models: Models, chosen: Sequence[str]) -> list[str]:
    return [title for reference, title in models.titles.items() if reference in chosen]


def visible_columns(method: str, sparsifier: str) -> Updates:
    """Show the knobs of the chosen rules alone."""
    chosen = {column_id("method", method), column_id("sparsify", sparsifier)}
    columns = [column_id(owner, rule) for owner, rules in OWNERS.items() for rule in rules]
    columns.append(column_id("method", STACK))
    return {column: gr.update(visible=column in chosen) for column in columns}


def counting_knobs() -> list[KnobPlace]:
    """The knobs that count experts."""
    return [place for place in all_knobs() if place.knob in NUMBERS_OF_EXPERTS]


def per_expert() -> list[str]:
    """The names of the widgets that depend on which experts are chosen."""
    weights = [weight_id(place) for place in range(MOST_EXPERTS)]
    return [WEIGHTS_BOX, *weights, names.SLICES, *FILE_CHOICES, *(place.elem_id for place in counting_knobs())]


def per_expert_updates(
    models: Models, method: str, chosen: Sequence[str], form: Form | None = None, before: Sequence[str] = ()
) -> Updates:
    """Fit the widgets of `per_expert` to the chosen experts. `form` has the values that they keep; without one they start
    afresh. A knob that selects an expert keeps the one that it selected among those `before`, or selects none."""
    titles, knobs = _chosen_titles(models, chosen), dict(form.knobs) if form else {}
    for place in counting_knobs():
        if place.knob in PLACES and before:
            knobs[place] = _same_expert(knobs.get(place), _chosen_titles(models, before), titles)
    weights = form.weights if form else dict.fromkeys(models.titles, 1.0)
    counts = {place.elem_id: number_of_experts(place, titles, knobs.get(place)) for place in counting_knobs()}
    files = file_updates(models, chosen, form.file_choices if form else {})
    return {**weight_updates(models, method, chosen, weights), **slices_updates(models), **files, **counts}


def _same_expert(place: Any, before: Sequence[str], titles: Sequence[str]) -> int:
    """Where the expert at this place of those before is now, counted from 1; 0 if it is not there."""
    was = before[place - 1] if isinstance(place, int) and 0 < place <= len(before) else None
    return titles.index(was) + 1 if was in titles else 0


def slices_updates(models: Models, lines: str | None = None) -> Updates:
    """Name these models beside the box for slices. The lines in it stay as they are for None."""
    return {names.SLICES: gr.update(info=slices_info(models), **({} if lines is None else {"value": lines}))}


def file_updates(models: Models, chosen: Sequence[str], given: Mapping[str, Any]) -> Updates:
    """Offer the files of the chosen experts. A choice of an expert that is not chosen any more goes back to the base's."""
    experts = {reference: title for reference, title in models.titles.items() if reference in chosen}
    options = {name: file_options(name, experts) for name in FILE_CHOICES}
    offered = {name: [value for _, value in listed] for name, listed in options.items()}
    known = {name: given.get(name, "") if given.get(name) in offered[name] else "" for name in FILE_CHOICES}
    return {name: gr.update(choices=options[name], value=known[name]) for name in FILE_CHOICES}


def weight_updates(models: Models, method: str, chosen: Sequence[str], weights: Mapping[str, Any]) -> Updates:
    """Show a weight for each chosen expert, in the method's range; `weights` is by the expert's reference."""
    knob = _weight_knob(method)
    if knob is None:
        return {WEIGHTS_BOX: gr.update(visible=False)}
    references = [*models.titles, *[""] * MOST_EXPERTS][:MOST_EXPERTS]
    sliders = {
        weight_id(place): _weight(knob, models.titles[reference], weights.get(reference))
        if reference in chosen and reference in models.titles
        else gr.update(visible=False)
        for place, reference in enumerate(references)
    }
    return {WEIGHTS_BOX: gr.update(visible=bool(chosen)), **sliders}


def _weight_knob(method: str) -> Knob | None:
    """The weight of each expert in this method, if it has one; a stack has none."""
    return METHODS[method].per_model if method in METHODS else None


def _weight(knob: Knob, title: str, value: Any) -> Any:
    """The update of an expert's slider. A value that the method does not allow goes back to the default, visibly."""
    domain = knob.domain
    assert isinstance(domain, Range)
    least, most = domain.bounds
    kept = value if isinstance(value, int | float) and least <= value <= most else knob.default
    return gr.update(visible=True, label=title, value=kept, **_ends(domain, float(kept)))


def grown(knob: Knob, value: Any) -> Any:
    """The update that makes a widget show a value. A slider grows to hold a valid value beyond its ends."""
    domain = knob.domain
    if not isinstance(domain, Range) or not isinstance(value, int | float) or domain.low <= value <= domain.high:
        return value
    return gr.update(value=value, **({} if is_too_fine(domain) else _ends(domain, value)))


def _ends(domain: Range, value: float) -> dict[str, float]:
    """The ends of a slider that holds the value."""
    return {"minimum": min(domain.low, value), "maximum": max(domain.high, value)}


def number_of_experts(place: KnobPlace, titles: Sequence[str], value: Any) -> Any:
    """The update of a knob that counts or selects experts: its slider ends at their number, its list names them."""
    knob = all_knobs()[place]
    assert isinstance(knob.domain, Range)
    most = max(int(knob.domain.low) + 1, len(titles))
    inside = isinstance(value, int | float) and knob.domain.low <= value <= most
    ends = {"choices": places_of_experts(place.knob, titles)} if place.knob in PLACES else {"maximum": most}
    return gr.update(value=value if inside else knob.default, **ends)


def preset_updates(recipe: Recipe) -> Updates:
    """Set method, sparsifier and all knobs to the preset's values, or to their defaults."""
    sparsifier = recipe.sparsify.name if recipe.sparsify else NO_SPARSIFIER
    steps = {("method", recipe.method.name): recipe.method.knobs}
    if recipe.sparsify:
        steps["sparsify", sparsifier] = recipe.sparsify.knobs
    knobs = {
        place.elem_id: steps.get((place.owner, place.rule), {}).get(place.knob, knob.default)
        for place, knob in all_knobs().items()
    }
    chosen = {names.METHOD: recipe.method.name, names.SPARSIFIER: sparsifier, names.MATCH_NORMS: recipe.match_norms}
    return {**chosen, **knobs}


def expert_choices(models: Models, chosen: Sequence[str]) -> Any:
    """The update of the experts' list: all of these models, some of them ticked."""
    return gr.update(choices=[(title, name) for name, title in models.titles.items()], value=list(chosen))


def source_choices(suites: Mapping[str, str], own: Models | None) -> list[tuple[str, str]]:
    """The choices of the models' list."""
    listed = [(title, name) for name, title in suites.items()]
    return [*listed, (f"Your own: {own.base}", OWN)] if own else listed
