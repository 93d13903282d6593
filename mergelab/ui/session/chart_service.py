"""The charts of a form, in the cell that a visitor looks at."""

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
    """The curves that the page was sent last, and those of the recipe called `name` behind them."""

    front: DataFrame
    back: DataFrame | None
    name: str


@dataclass
class ChartService:
    """What one visitor looks at: the tensors of the cell `at`, all of them for None."""

    job_cache: JobCache
    at: Cell | None = None
    drawn: Drawn | None = None

    def charts(self, form: Form, sketch: Sketch, found: Preview) -> ChartData:
        """The charts of what was found; of all tensors where these models have no such cell."""
        recipe, tensors = form.recipe(), tensors_at(sketch, self.at)
        shown, over = narrowed(found, sketch, tensors), self._curves(recipe, form.models, sketch)
        return ChartData(shown, recipe, form.models, sketch, over, self.at if tensors is not None else None)

    def is_new(self, data: ChartData) -> bool:
        """Whether the curves differ from those that the page was sent last; these are the last from now on. A new density leaves the
        curves as they are."""
        back = data.behind
        before, self.drawn = self.drawn, Drawn(data.curves, back.curves if back else None, back.name if back else "")
        return before is None or not _same(before, self.drawn)

    def _curves(self, recipe: Recipe, models: Models, sketch: Sketch) -> DataFrame:
        """The curves of the cell that is looked at, from the shelf where only the density has changed."""
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
