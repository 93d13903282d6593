"""What one visitor's page shows. Every update is put together here, under the session's lock.

A visitor's events run in threads of their own and overtake each other. An update gets its number while the lock is held, and
shows only the recipe that the sidebar holds at that moment. So the update with the largest number always belongs to the
sidebar's recipe, whichever thread was late.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from mergelab.analysis.preview import Preview, preview
from mergelab.analysis.sketch import Sketch
from mergelab.jobs.stack_job import StackFacts
from mergelab.jobs.workbench import MergeScores, Run
from mergelab.recipe import Recipe
from mergelab.recipe.stack_recipe import StackRecipe
from mergelab.ui.form.form import Form
from mergelab.ui.form.texts.link import LinkMaker
from mergelab.ui.messages import EMPTY, FigureState, HealthMessage, Status
from mergelab.ui.session.chart_service import ChartService
from mergelab.ui.session.merge_service import MergeService
from mergelab.ui.session.pins import Pins
from mergelab.ui.session.render.charts import render_charts
from mergelab.ui.session.render.comparison import render_comparison
from mergelab.ui.session.render.curve_charts import render_curves
from mergelab.ui.session.render.health import render_health
from mergelab.ui.session.render.recipe import render_exports, render_link, render_varied
from mergelab.ui.session.render.stack import render_stack
from mergelab.ui.session.score_state import ScoreState
from mergelab.ui.session.status import UnderWay, refusal
from mergelab.ui.session.update import Update

BLOCKED = Status("ready", "Estimate only: this recipe cannot be merged here")
BUILDABLE = Status("ready", "This stack can be built: press Build model (.zip) under Export")
HERE = "On this page, choose the tokenizer in the sidebar under “Tokenizer and other files”."
BOTH_SCORED = Status("ready", "Both recipes are scored")


@dataclass
class Screen:
    """`wanted` is the form that the sidebar holds, None if it is no valid recipe. `recipe` is the last one shown. `refusal`
    says why the sidebar's recipe has no charts, None if it has, and `standing` are the problems of the last press that could not be done, which other work must leave on screen. `merged_models` are those of the last
    merge, to which the findings on the page belong. `examined` is the run whose health is on the page, and `examined_models` are its
    models: others than those of the last merge where that run was known already. Code that reads or changes several of these at
    once holds `lock`."""

    merge_service: MergeService
    chart_service: ChartService
    under_way: UnderWay
    link: LinkMaker
    lock: Any = field(default_factory=threading.RLock, repr=False)
    wanted: Form | None = None
    recipe: Recipe | StackRecipe | None = None
    refusal: Status | None = None
    standing: tuple[str, ...] = ()
    merged_models: tuple[str, ...] = ()
    examined: Run | None = None
    examined_models: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.pins = Pins(self.merge_service, self.chart_service)
        self.score_state = ScoreState(self.merge_service, self.pins)

    def want(self, form: Form) -> None:
        """From now on this form's recipe is the one to show, and reading models for another one ends. A form that is no valid
        recipe shows nothing."""
        try:
            form.written()
        except ValueError:
            self.wanted = None
        else:
            self.wanted = form
            if not self.merge_service.rests(form):
                self.merge_service.resume()

    def wants(self, form: Form) -> bool:
        """Whether the sidebar holds exactly this recipe."""
        return self.wanted is not None and self.wanted.written().digest() == form.written().digest()

    def linked(self, form: Form) -> Update:
        """What can be shown before the form's models are read. Raises ValueError if the form is no valid recipe."""
        return self.answered(Update(), form)

    def answered(self, update: Update, form: Form) -> Update:
        """The same update as an answer to a change that led to this form."""
        pinned = {slot: self.link(each, complete=True) for slot, each in sorted(self.pins.forms.items())}
        found = self.link(form)
        if pinned:  # a comparison is to come back exactly
            found = replace(found, query=self.link(form, complete=True).query)
        link = render_link(found, form, pinned)
        return replace(update, link=link, varied=render_varied(form), answer=time.monotonic())

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
                health=self._health_beside(form),
            )
            self.refusal = None
            # while the page takes the figures for estimates, it asks for scores, also for those of the pinned recipes
            found = preview(sketch, recipe) if self.pins.unscored(form) else self.merge_service.figures(form, sketch)
            return self._with_charts(self.answered(update, form), form, sketch, found)

    def stacked(self, form: Form, facts: StackFacts | None) -> Update:
        """The diagram of a form's stack, in place of charts, findings and comparison, which belong to merges. Empty if the
        sidebar has moved on."""
        with self.lock:
            if not self.wants(form):
                return Update()
            recipe = self.recipe = form.stack()
            self.refusal, self.merged_models = None, ()
            update = Update(
                stack=render_stack(recipe, form.models, facts),
                home=render_exports(recipe),
                findings=(),
                health=self._health(None, "outdated"),
                compare=EMPTY,
                status=None if facts is None else BUILDABLE,
            )
            return self.answered(update, form)

    def partly_scored(self, found: MergeScores, form: Form) -> Update:
        """Scores of a merge that is under way. They stand only beside their own recipe."""
        with self.lock:
            return self.score_state.add(found, form, self.wanted or form)

    def merged(self, run: Run, form: Form, sketch: Sketch, elapsed: float | None, live: bool = False) -> Update:
        """The result of a merge, which took so many seconds; None if it was known. If the sidebar has moved on, only its
        scores are shown, as those of an earlier recipe."""
        with self.lock:
            if live and self.refused:
                return Update()  # the problem with the current recipe matters more
            now = self.wanted or form
            if now.is_stack:
                self.score_state.post(run, form, elapsed, form)  # for when a merge is on the sidebar again
                return Update(status=BUILDABLE)
            update = self.score_state.post(run, form, elapsed, now)
            if live and elapsed is None:
                update = replace(update, status=self.score_state.resting(now))  # a look-up that nobody asked for
            if run.split == "test" or now.recipe().digest() != form.recipe().digest():
                return update
            self.recipe, self.merged_models = form.recipe(), _models_of(form)
            self.examined_models = self.merged_models
            health = self._health(run, "measured")
            update = replace(update, home=render_exports(self.recipe), findings=tuple(run.notes), health=health)
            return self._with_charts(update, form, sketch, run.preview) if run.preview.label == "exact" else update

    def asked(self, run: Run, form: Form) -> Update:
        """The health of a merge after its model was asked texts."""
        with self.lock:
            status = self.resting()
            if not self.wants(form):
                return Update(status=status)
            return Update(status=status, health=self._health(run, "measured"))

    def pins_scored(self, form: Form, sketch: Sketch) -> Update:
        """The comparison after pinned recipes were scored."""
        with self.lock:
            update = Update(status=BOTH_SCORED)
            if not self.wants(form):
                return update
            update = replace(self.score_state.beside(form, form.recipe()), status=BOTH_SCORED)
            return self._with_charts(update, form, sketch, self.merge_service.figures(form, sketch))

    def refuse(self, error: ValueError, is_preview: bool) -> Status:
        """Why something cannot be done. A refused preview leaves the page without charts of its recipe."""
        with self.lock:
            here = f"\n{HERE}" if "`tokenizer:" in str(error) else ""
            status = refusal(f"{error}{here}", "refused" if self.refused or is_preview else "error")
            self.refusal = status if is_preview else self.refusal
            self.standing = () if is_preview else tuple(status.problems)
            return status

    def beside_refusal(self, update: Update) -> Update:
        """The update with the problems that stand on screen, which its status would take off."""
        with self.lock:
            if update.status is None or update.status.problems or not self.standing:
                return update
            return replace(update, status=replace(update.status, problems=self.standing))

    def resting(self) -> Status:
        """What the strip says while nothing is under way: why the sidebar's recipe has no charts, if it has none."""
        with self.lock:
            return self.refusal or self.score_state.resting(self.wanted)

    @property
    def refused(self) -> bool:
        """Whether the sidebar's recipe has no charts, which the strip explains."""
        return self.refusal is not None

    @property
    def complete(self) -> bool:
        """Whether nothing was to come for the recipe on the sidebar, so that Stop found nothing to end."""
        wanted = self.wanted
        if wanted is None or wanted.is_stack:
            return True
        return self.merge_service.is_scored(wanted) or not (wanted.live and self.merge_service.tasks(wanted))

    def stopped(self) -> Update:
        """The person stopped the work."""
        with self.lock:
            return self.score_state.stop(self.wanted)

    def given_up(self, status: Status, keeps: bool = True) -> Update:
        """Work ended without a result; `keeps` says whether the scores that came before stay."""
        with self.lock:
            return replace(self.score_state.give_up(self.wanted, keeps), status=status)

    def _health(self, run: Run | None, state: FigureState) -> HealthMessage | Literal[""]:
        """The health of a run, said each time: an update that a later one has overtaken may never have been seen."""
        self.examined = run
        return render_health(run, state)

    def _health_beside(self, form: Form) -> HealthMessage | Literal[""]:
        """What the page says of the last health beside this form: its own, or that of an earlier recipe of the same models."""
        run = self.merge_service.known_run(form)
        if run is not None:
            self.examined_models = _models_of(form)
            return self._health(run, "measured")
        return self._health(self.examined if self.examined_models == _models_of(form) else None, "outdated")

    def _preview_status(self, form: Form, known: bool) -> Status | None:
        """The strip beside a form's charts. A look-up leaves the strip to other work that is under way."""
        if form.blocked_reason:
            return replace(BLOCKED, problems=(form.blocked_reason,))
        is_told = self.under_way or self.merge_service.rests(form)
        return None if known and is_told and not self.refused else self.score_state.resting(form)

    def _with_charts(self, update: Update, form: Form, sketch: Sketch, found: Preview) -> Update:
        """The same update with a form's charts, and with the pinned recipes behind and beside them."""
        data, compared = self.pins.beside(self.chart_service.charts(form, sketch, found), form)
        return replace(
            update,
            charts=render_charts(data),
            stack=EMPTY,
            curves=render_curves(data) if self.chart_service.is_new(data) else None,
            compare=render_comparison(compared) if compared else EMPTY,
        )


def _models_of(form: Form) -> tuple[str, ...]:
    """The base and the chosen experts."""
    return form.models.base, *form.chosen
