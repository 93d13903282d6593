"""All that can be told about a recipe without merging: what its live charts show, and the static figures of its models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas

from mergelab.analysis.preview import Pairs, Preview, curves, pairs, preview
from mergelab.analysis.sketch import Sketch
from mergelab.analysis.static.inspect import Inspection
from mergelab.recipe import Recipe


@dataclass(frozen=True)
class InspectionReport:
    """`recipe` is a recipe's mapping and `digest` its digest; `title` names its method. `preview`, `curves` and `pairs` are
    those of `mergelab.analysis.preview` at the recipe's settings, `static` is what `inspect` found, `notes` what the models'
    comparison remarked."""

    recipe: dict[str, Any]
    digest: str
    title: str
    preview: Preview
    curves: pandas.DataFrame
    pairs: Pairs
    static: Inspection
    notes: tuple[str, ...]


def report_of(recipe: Recipe, drawn: Sketch, static: Inspection, notes: Sequence[str]) -> InspectionReport:
    """Everything together, the live figures by look-up in the sketch; one expert alone has no curves."""
    along = curves(drawn, recipe) if len(recipe.models) > 1 else pandas.DataFrame({"place": []})
    return InspectionReport(
        recipe.to_mapping(),
        recipe.digest(),
        recipe.rule.title,
        preview(drawn, recipe),
        along,
        pairs(drawn, recipe),
        static,
        tuple(notes),
    )
