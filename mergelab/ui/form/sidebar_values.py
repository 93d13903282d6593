"""What the sidebar's widgets hold, by the name of each widget, and the form that this makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mergelab.recipe.file_choices import FILE_CHOICES
from mergelab.ui.form.form import Form, Models, all_knobs, weight_id

SOURCE, EXPERTS, METHOD, SPARSIFIER = "suite", "experts", "method", "sparsifier"
SEED, DTYPE, DEVICE, ROWS, LIVE = "seed", "dtype", "device", "rows", "live"
SLICES = "slices"
CHOICES = (SOURCE, EXPERTS, METHOD, SPARSIFIER, DEVICE)
"""Widgets that change other widgets."""
SETTINGS = (SEED, DTYPE, *FILE_CHOICES, ROWS, LIVE, SLICES)
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
        seed=values[SEED],
        dtype=values[DTYPE],
        file_choices={name: values[name] for name in FILE_CHOICES if values[name]},
        device=values[DEVICE],
        rows=values[ROWS] or None,
        live=bool(values[LIVE]),
        slices=values[SLICES] or "",
    )
