"""The charts of a form, for the part of the model that a visitor has chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from pandas import DataFrame

from mergelab.analysis.preview import Preview, curves, narrowed
from mergelab.analysis.sketch import Sketch, operating_point, sketch_needs
from mergelab.recipe import Recipe
from mergelab.ui.form.form import Form, Models
from mergelab.ui.session.chart_data import Cell, ChartData, tensors_at
from mergelab.ui.session.job_cache import JobCache


class Drawn(NamedTuple):
    """The curves that the page has, and the curves behind them, which belong to the recipe `name`."""

    front: DataFrame
    back: DataFrame | None
    name: str


@dataclass
class ChartService:
    """One visitor's charts. They cover the tensors of the cell `at`; all tensors for None."""

    job_cache: JobCache
    at: Cell | None = None
    drawn: Drawn | None = None

    def charts(self, form: Form, sketch: Sketch, found: Preview) -> ChartData:
        """The charts of a preview; of all tensors if these models have no such cell."""
        recipe, tensors = form.recipe(), tensors_at(sketch, self.at)
        shown, over = narrowed(found, sketch, tensors), self._curves(recipe, form.models, sketch)
        return ChartData(shown, recipe, form.models, sketch, over, self.at if tensors is not None else None)

    def is_new(self, data: ChartData) -> bool:
        """Whether the page lacks these curves; it counts as having them from now on. A new density leaves the curves as they
        are."""
        back = data.behind
        before, self.drawn = (
            self.drawn,
            Drawn(data.curves, back.curves if back else None, f"{back.name} {back.run}" if back else ""),
        )
        return before is None or not _same(before, self.drawn)

    def _curves(self, recipe: Recipe, models: Models, sketch: Sketch) -> DataFrame:
        """The curves of the current cell, from the cache if only the density has changed."""
        weights = tuple(expert.weight for expert in recipe.models)
        key = (
            sketch_needs(recipe),
            models.edition,
            operating_point(recipe).curves,
            recipe.method.name,
            weights,
            self.at,
        )
        tensors = tensors_at(sketch, self.at)
        return self.job_cache.curves.get_or_make(key, lambda: curves(sketch, recipe, tensors))


def _same(one: Drawn, other: Drawn) -> bool:
    return one.front is other.front and one.back is other.back and one.name == other.name
