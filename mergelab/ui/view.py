"""What changes on the page: the parts of a view, as the session hands them to the panel."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mergelab.diagnostics import Preview
from mergelab.recipe import Recipe
from mergelab.ui.form import Models
from mergelab.ui.link import Link
from mergelab.ui.results import TaskFace
from mergelab.ui.status import Status
from mergelab.workbench import Run


@dataclass(frozen=True)
class Charts:
    """What the heatmap, histogram and numbers show, for which recipe and of which models."""

    preview: Preview
    recipe: Recipe
    models: Models


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

    `unscored` says why there are no scores yet, `notes` what of a link was changed.
    """

    status: Status | None = None
    charts: Charts | None = None
    scores: Scores | None = None
    unscored: str = ""
    test: Scores | None = None
    recipe: Recipe | None = None
    link: Link | None = None
    notes: tuple[str, ...] | None = None
    device: str | None = None
    saved: str | None = None
