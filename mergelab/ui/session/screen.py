"""What one visitor's page shows. Every update is put together here, under the session's lock.

A visitor's events run in threads of their own and overtake each other. An update gets its number while the lock is held, and
shows only the recipe that the sidebar holds at that moment. So the update with the largest number always belongs to the
sidebar's recipe, whichever thread was late.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from mergelab.analysis.preview import Preview, preview
from mergelab.analysis.sketch import Sketch
from mergelab.jobs.workbench import Run
from mergelab.recipe import Recipe
from mergelab.ui import messages
from mergelab.ui.form.form import Form
from mergelab.ui.form.link import Link
from mergelab.ui.messages import EMPTY, Status
from mergelab.ui.session.chart_service import ChartService
from mergelab.ui.session.merge_service import MergeService
from mergelab.ui.session.pins import Pins
from mergelab.ui.session.render.charts import render_charts
from mergelab.ui.session.render.comparison import render_comparison
from mergelab.ui.session.render.curve_charts import render_curves
from mergelab.ui.session.render.recipe import render_exports, render_link, render_varied
from mergelab.ui.session.score_state import ScoreState
from mergelab.ui.session.status import FOLLOWING, UnderWay, refusal
from mergelab.ui.session.update import Update

BLOCKED = Status("ready", "Preview only: this cannot be merged here")
BOTH_SCORED = Status("ready", "Exact scores for both recipes")


@dataclass
class Screen:
    """`wanted` is the form that the sidebar holds, None if it is no valid recipe. `recipe` is the last one shown. `refused`
    says whether the status strip explains why the sidebar's recipe has no charts. `merged_models` are those of the last
    merge, to which the findings on the page belong. Code that reads or changes several of
    these at once holds `lock`."""

    merge_service: MergeService
    chart_service: ChartService
    under_way: UnderWay
    link: Callable[[Form], Link]
    lock: Any = field(default_factory=threading.RLock, repr=False)
    wanted: Form | None = None
    recipe: Recipe | None = None
    refused: bool = False
    merged_models: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.pins = Pins(self.merge_service, self.chart_service)
        self.score_state = ScoreState(self.merge_service)

    def want(self, form: Form) -> None:
        """From now on this form's recipe is the one to show, and reading models for another one ends. A form that is no valid
        recipe shows nothing."""
        try:
            form.recipe()
        except ValueError:
            self.wanted = None
        else:
            self.wanted = form

    def wants(self, form: Form) -> bool:
        """Whether the sidebar holds exactly this recipe."""
        return self.wanted is not None and self.wanted.recipe().digest() == form.recipe().digest()

    def linked(self, form: Form) -> Update:
        """What can be shown before the form's models are read. Raises ValueError if the form is no valid recipe."""
        return self.answered(Update(), form)

    def answered(self, update: Update, form: Form) -> Update:
        """The same update as an answer to a change that led to this form."""
        varied = render_varied(form)
        return replace(update, link=render_link(self.link(form)), varied=varied, answer=time.monotonic())

    def previewed(self, form: Form, sketch: Sketch | None, known: bool) -> Update:
        """The charts of a form, whose models were read. Empty if the sidebar has moved on: the event that changed it shows
        the new recipe."""
        with self.lock:
            if sketch is None or not self.wants(form):
                return Update()
            recipe = self.recipe = form.recipe()
            update = replace(
                self.score_state.beside(form, recipe),
                status=self._preview_status(form, known),
                home=render_exports(recipe),
                findings=() if self.merged_models != _models_of(form) else None,
            )
            self.refused = False
            return self._with_charts(self.answered(update, form), form, sketch, preview(sketch, recipe))

    def merged(self, run: Run, form: Form, sketch: Sketch, state: messages.ScoreState, elapsed: float) -> Update:
        """The result of a merge. If the sidebar has moved on, only its scores are shown, as those of an earlier recipe."""
        with self.lock:
            if state == "live" and self.refused:
                return Update()  # the problem with the current recipe matters more
            if run.split == "test":
                return self.score_state.post(run, form, state, elapsed)
            if self.wanted is not None and not self.wants(form):
                return self.score_state.post_beside(run, form, state, elapsed, self.wanted)
            self.recipe, self.merged_models = form.recipe(), _models_of(form)
            update = self.score_state.post(run, form, state, elapsed)
            update = replace(update, home=render_exports(self.recipe), findings=tuple(run.notes))
            return self._with_charts(update, form, sketch, run.preview) if run.preview.label == "exact" else update

    def pins_scored(self, form: Form, sketch: Sketch) -> Update:
        """The comparison after pinned recipes were scored."""
        with self.lock:
            update = Update(status=BOTH_SCORED)
            if not self.wants(form):
                return update
            return self._with_charts(update, form, sketch, self.merge_service.figures(form, sketch))

    def refuse(self, error: ValueError, is_preview: bool) -> Update:
        """Why something cannot be done. A refused preview leaves the page without charts of its recipe."""
        with self.lock:
            self.refused = self.refused or is_preview
            return Update(status=refusal(str(error), "refused" if is_preview else "error"))

    def _preview_status(self, form: Form, known: bool) -> Status | None:
        """The strip beside a form's charts. A look-up leaves the strip to other work that is under way."""
        if form.blocked_reason:
            return replace(BLOCKED, problems=(form.blocked_reason,))
        return None if known and self.under_way and not self.refused else FOLLOWING

    def _with_charts(self, update: Update, form: Form, sketch: Sketch, found: Preview) -> Update:
        """The same update with a form's charts, and with the pinned recipes behind and beside them."""
        data, compared = self.pins.beside(self.chart_service.charts(form, sketch, found), form)
        return replace(
            update,
            charts=render_charts(data),
            curves=render_curves(data) if self.chart_service.is_new(data) else None,
            compare=render_comparison(compared) if compared else EMPTY,
        )


def _models_of(form: Form) -> tuple[str, ...]:
    """The base and the chosen experts."""
    return form.models.base, *form.chosen
