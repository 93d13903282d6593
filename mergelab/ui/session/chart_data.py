"""What the live charts are rendered from, for one recipe and for two that are compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy
import pandas
from numpy.typing import NDArray

from mergelab.analysis.preview import Figures, Preview
from mergelab.analysis.sketch import Sketch
from mergelab.jobs.workbench import Run
from mergelab.recipe import Recipe
from mergelab.ui.form.form import Models
from mergelab.ui.form.recipe_name import names_apart, recipe_name
from mergelab.ui.session.render.scores_by_model import TaskFace

Cell = tuple[str, str]
"""A layer and a module."""


@dataclass(frozen=True)
class ChartData:
    """A preview with its recipe, its models and the sketch it was read from.

    `preview` and `curves` (over every density) cover the tensors of the cell `at`, a layer and a module; all tensors for
    None. `behind` is the pinned recipe, whose curves are drawn behind. `run` is the number of a pinned recipe's run, 0 for none.
    """

    preview: Preview
    recipe: Recipe
    models: Models
    sketch: Sketch
    curves: pandas.DataFrame
    at: Cell | None = None
    behind: ChartData | None = None
    run: int = 0

    @property
    def name(self) -> str:
        """The beginning of the recipe's digest, for names of files."""
        return self.recipe.digest()[:8]

    @property
    def title(self) -> str:
        """What a person calls the recipe."""
        return recipe_name(self.recipe, self.models.titles)

    @property
    def tensors(self) -> NDArray[numpy.int64] | None:
        """The numbers of the tensors that the charts cover; None for all."""
        return tensors_at(self.sketch, self.at)

    @property
    def figures(self) -> Figures:
        """The sums that the charts are computed from."""
        return self.preview.figures.of(self.tensors)


def tensors_at(sketch: Sketch, at: Cell | None) -> NDArray[numpy.int64] | None:
    """The numbers of a cell's tensors; None if the models have no such cell."""
    found = [number for number, cell in enumerate(zip(sketch.layers, sketch.modules, strict=True)) if cell == at]
    return numpy.array(found) if found else None


@dataclass(frozen=True)
class ComparedRecipes:
    """Two recipes side by side, narrowed to the same cell. `pinned` says which of them are pinned; the others are on the
    sidebar. `runs` are their merges with validation scores, None where there is none, and `tasks` those of both. `follows`
    says whether missing scores come without a click."""

    sides: tuple[ChartData, ChartData]
    pinned: tuple[bool, bool]
    runs: tuple[Run | None, Run | None]
    tasks: dict[str, TaskFace]
    follows: bool = False

    @property
    def names(self) -> tuple[str, str]:
        """What a person calls the two recipes; the names tell what differs."""
        one, other = self.sides
        return names_apart(one.recipe, other.recipe, {**one.models.titles, **other.models.titles})
