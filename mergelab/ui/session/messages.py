"""What changes on the page: the parts of a view, as the session hands them to the panel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy
import pandas
from numpy.typing import NDArray

from mergelab.analysis.preview import Figures, Preview
from mergelab.analysis.sketch import Sketch
from mergelab.jobs.workbench import Run
from mergelab.recipe import Recipe
from mergelab.ui.form.form import Models
from mergelab.ui.form.link import Link
from mergelab.ui.form.stories import Story
from mergelab.ui.session.score_tables import TaskFace
from mergelab.ui.session.sequence import next_number
from mergelab.ui.session.status import Status

NOTHING_ASIDE = NOTHING_TOLD = ""
Cell = tuple[str, str]
"""A layer and a module."""


@dataclass(frozen=True)
class Charts:
    """What the live charts show, for which recipe and of which models, read from which sketch.

    `preview` and `curves` (over all densities, by look-up) are of the tensors of the cell `at`, a layer and a module; of
    all for None. `behind` are those of the recipe that was put aside, whose curves stand behind. `redrawn` is False where
    the page has these very curves already.
    """

    preview: Preview
    recipe: Recipe
    models: Models
    sketch: Sketch
    curves: pandas.DataFrame
    at: Cell | None = None
    behind: Charts | None = None
    redrawn: bool = True

    @property
    def name(self) -> str:
        """What the recipe is called on the page."""
        return self.recipe.digest()[:8]

    @property
    def tensors(self) -> NDArray[numpy.int64] | None:
        """The numbers of the tensors that the charts are of; None for all."""
        return tensors_at(self.sketch, self.at)

    @property
    def figures(self) -> Figures:
        """What the charts are made of."""
        return self.preview.figures.of(self.tensors)


def tensors_at(sketch: Sketch, at: Cell | None) -> NDArray[numpy.int64] | None:
    """The numbers of a cell's tensors; None where there is no such cell."""
    found = [number for number, cell in enumerate(zip(sketch.layers, sketch.modules, strict=True)) if cell == at]
    return numpy.array(found) if found else None


@dataclass(frozen=True)
class Told:
    """A story as it is told: `key` is its recipe's, `turn` tells one choice of it from the next. `pins` are the keys of the
    recipes that it puts aside, by slot, `pinned` of those that were aside before."""

    story: Story
    key: str
    turn: int
    pins: Mapping[str, str]
    pinned: Mapping[str, str]


@dataclass(frozen=True)
class Comparison:
    """Two recipes side by side, of the same cell; `pinned` says which of them were put aside, the others being on screen.
    `runs` are their merges with validation scores where there are any."""

    sides: tuple[Charts, ...]
    pinned: tuple[bool, ...]
    runs: tuple[Run | None, ...]
    tasks: dict[str, TaskFace]


@dataclass(frozen=True)
class Scores:
    """A run's scores and whether they still belong to the recipe on screen.

    `state` is exact, live (exact as well, merged without a click), stale, or updating: stale, but new scores are on their
    way. `number` counts the person's own merges.
    """

    run: Run
    models: Models
    tasks: dict[str, TaskFace]
    state: str
    number: int

    def beside(self, recipe: Recipe, outdated: str) -> Scores:
        """The same scores beside `recipe`: in the state `outdated` if they are another recipe's, exact if its own."""
        fits = self.run.digest == recipe.digest()
        state = outdated if not fits else self.state if self.state in ("exact", "live") else "exact"
        return self if state == self.state else replace(self, state=state)


@dataclass(frozen=True)
class View:
    """What changes on the page; None leaves a part as it is.

    `compare` is empty text where nothing is put aside, `story` where none is told any more. `unscored` says why there are no scores yet, `notes` what of a link was changed.
    `number` tells the later of two views, whichever reaches the page first.
    """

    status: Status | None = None
    charts: Charts | None = None
    compare: Comparison | str | None = None
    scores: Scores | None = None
    unscored: str = ""
    test: Scores | None = None
    recipe: Recipe | None = None
    link: Link | None = None
    notes: tuple[str, ...] | None = None
    story: Told | str | None = None
    device: str | None = None
    saved: str | None = None
    number: int = field(default_factory=next_number, compare=False)


Views = Iterator[View]
