"""What the sidebar's widgets hold, by the name of each widget, and the form that this makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mergelab.recipe.file_choices import FILE_CHOICES
from mergelab.recipe.tensor_selection import TensorSelection
from mergelab.ui.form.form import Form, Models, all_knobs, weight_id
from mergelab.ui.form.varied_values import read_entries, read_own_values, read_ramp, told

SOURCE, EXPERTS, METHOD, SPARSIFIER = "suite", "experts", "method", "sparsifier"
SEED, DTYPE, DEVICE, ROWS, LIVE = "seed", "dtype", "device", "rows", "live"
SLICES = "slices"
MATCH_NORMS = "match-norms"
LAYER_ENTRIES, OWN_KNOBS, DEPTH_SCALE = "layer-entries", "own-knobs", "depth-scale"
WITHOUT_WIDGETS = (LAYER_ENTRIES, OWN_KNOBS, DEPTH_SCALE)
"""Values that the page's script reports as texts, because no widget of Gradio holds them."""
CHOICES = (SOURCE, EXPERTS, METHOD, SPARSIFIER, DEVICE)
"""Widgets that change other widgets."""
WHOLE_MERGE = (MATCH_NORMS, *TensorSelection.FIELDS)
"""Widgets about the whole merge."""
SETTINGS = (*WHOLE_MERGE, SEED, DTYPE, *FILE_CHOICES, ROWS, LIVE, SLICES)
"""Widgets that change nothing else on the sidebar, beside weights and knobs."""

Values = Mapping[str, Any]
"""By the name of each widget, which is its elem_id. The values may be anything: the recipe checks them."""


def form_of(models: Models, values: Values) -> Form:
    """The form that the widgets make with these models."""
    weights = {reference: weight_id(place) for reference, place in models.places.items()}
    return Form(
        models=models,
        chosen=tuple(values[EXPERTS] or ()),
        method=values[METHOD],
        sparsifier=values[SPARSIFIER],
        knobs={place: values[place.elem_id] for place in all_knobs()},
        weights={reference: values[name] for reference, name in weights.items() if name in values},
        layer_entries=read_entries(values[LAYER_ENTRIES]),
        own_knobs=read_own_values(values[OWN_KNOBS]),
        match_norms=values[MATCH_NORMS],
        depth_scale=read_ramp(values[DEPTH_SCALE]),
        selection={name: found for name in TensorSelection.FIELDS if (found := lines_of(values[name]))},
        seed=values[SEED],
        dtype=values[DTYPE],
        file_choices={name: values[name] for name in FILE_CHOICES if values[name]},
        device=values[DEVICE],
        rows=values[ROWS] or None,
        live=bool(values[LIVE]),
        slices=values[SLICES] or "",
    )


def without_widgets(form: Form) -> Values:
    """What the form says that no widget holds, by name."""
    return {
        LAYER_ENTRIES: told(form.layer_entries),
        OWN_KNOBS: told(form.own_knobs),
        DEPTH_SCALE: told(form.depth_scale),
    }


def lines_of(text: Any) -> tuple[str, ...]:
    """The lines of a text field that say anything."""
    return tuple(line.strip() for line in str(text or "").splitlines() if line.strip())
