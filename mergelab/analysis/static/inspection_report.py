"""The inspection report of a recipe: the data of its live charts and the static figures of its models."""

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
    """Everything about a recipe that needs no merge.

    `recipe` is the recipe's mapping, `digest` its digest, `title` its method. `preview`, `curves` and `pairs` come from
    `mergelab.analysis.preview`, `static` from `inspect`; `notes` are those of the comparison of the models.
    """

    recipe: dict[str, Any]
    digest: str
    title: str
    preview: Preview
    curves: pandas.DataFrame
    pairs: Pairs
    static: Inspection
    notes: tuple[str, ...]


def report_of(recipe: Recipe, drawn: Sketch, static: Inspection, notes: Sequence[str]) -> InspectionReport:
    """The report of a recipe, with live figures from the sketch; a single expert has no curves."""
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
