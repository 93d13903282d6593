"""The Sweep tab of one visitor: starts a search from the recipe on the sidebar, and shows its points as they come."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mergelab.jobs.sweeping.objective_words import OBJECTIVES
from mergelab.jobs.sweeping.remembered_points import RememberedPoints
from mergelab.jobs.sweeping.sweep_outcome import Point, PointState, SweepOutcome
from mergelab.recipe import RecipeError
from mergelab.runtime.progress import Partial
from mergelab.sweeps import Sweep, SweepError
from mergelab.sweeps.objective import TASK
from mergelab.sweeps.sweep_file import over_shorthand
from mergelab.ui.form.form import Form
from mergelab.ui.form.recipe_name import recipe_name
from mergelab.ui.form.setting_words import SettingWords
from mergelab.ui.form.short_names import short_names
from mergelab.ui.messages import (
    SweepChartRequest,
    SweepEnd,
    SweepImportances,
    SweepLeft,
    SweepMessage,
    SweepRequest,
    SweepState,
)
from mergelab.ui.session.job_cache import CrashError, Stopper, StopPressedError
from mergelab.ui.session.merge_service import MergeService, task_files_of
from mergelab.ui.session.render.scores import NOTHING_TO_SCORE
from mergelab.ui.session.status import Stopwatch
from mergelab.ui.session.sweeping.begun_sweeps import keep_begun, keep_ended, keep_stopped, keep_tried, left_behind, now
from mergelab.ui.session.sweeping.refusal import told_refusal
from mergelab.ui.session.sweeping.rendered_points import rendered_points
from mergelab.ui.session.sweeping.sweep_charts import AS_IT_FITS, sweep_chart
from mergelab.ui.session.sweeping.sweep_importances import sweep_importances
from mergelab.ui.session.sweeping.sweep_settings import sweep_settings
from mergelab.ui.session.sweeping.sweep_summary import sweep_summary
from mergelab.ui.session.sweeping.swept import Swept
from mergelab.ui.session.update import Update, Updates


@dataclass
class SweepView:
    """The last sweep of a visitor. `form` is the one that was varied. `is_left` once the page was closed."""

    merge_service: MergeService
    form: Form | None = None
    asked: Sweep | None = None
    state: SweepState = "none"
    points: dict[int, Point] = field(default_factory=dict)
    outcome: SweepOutcome | None = None
    wanted: SweepChartRequest = AS_IT_FITS
    refusal: str = ""
    is_left: bool = False
    importances: tuple[Sequence[SweepImportances], str] = ((), "")

    def show(self, form: Form) -> Updates:
        """What can vary in the form's recipe, and the last sweep."""
        yield self._told(form)

    def draw(self, form: Form, asked: SweepChartRequest) -> Updates:
        """Another chart of what was found."""
        self.wanted = asked
        yield self._told(form)

    def run(self, form: Form, asked: SweepRequest, query: str, stopper: Stopper) -> Generator[Update, None, None]:
        """Search, with the points as they come; `query` is that of a link to the form's recipe.

        Where it cannot begin, the tab says why. Raises StopPressedError after Stop; the points so far stay.
        """
        presses, self.refusal = stopper.presses, ""
        try:
            self.asked = Sweep.from_mapping(self._mapping(form, asked))
        except ValueError as error:
            self.refusal = told_refusal(str(error), asked.over, SettingWords(short_names(form.models.titles)))
            yield self._told(form)
            return
        self.form, self.state, self.outcome, self.points = form, "running", None, {}
        self.wanted, self.importances = AS_IT_FITS, ((), "")
        yield self._told(form)
        if self._is_remembered:
            begun = SweepLeft(query, self._name(form), asked, now(), 0, self.asked.points, "interrupted")
            keep_begun(self.asked.digest(), begun)
        try:
            stopper.check(presses)
            self.outcome = yield from self._followed(form, self.asked, stopper)
            self.points, self.state = {point.number: point for point in self.outcome.points}, "done"
            keep_ended(self.asked.digest())
            self._weigh()
        except (StopPressedError, CrashError, ValueError) as error:
            ended = _end_by(error, is_pressed=stopper.presses != presses and not self.is_left)
            self.state = ended
            keep_stopped(self.asked.digest(), ended)
            self._weigh()
            yield self._told(form)
            raise
        yield self._told(form)

    def _mapping(self, form: Form, asked: SweepRequest) -> dict[str, Any]:
        """The sweep as its file would say it."""
        tasks = self.merge_service.tasks(form)
        if not tasks:
            raise RecipeError(NOTHING_TO_SCORE)
        if form.blocked_reason:
            raise RecipeError(form.blocked_reason)
        if not asked.over:
            raise SweepError("Tick at least one setting that may vary.")
        over: dict[str, Any] = {}
        for path, text in asked.over.items():
            over |= over_shorthand(f"{path}={text}")
        named = {} if form.models.task_files else {"tasks": list(tasks)}
        chosen = {"sampler": asked.sampler, "points": asked.points}
        given = {name: value for name, value in chosen.items() if value}
        names = ("minutes", "rows", "race", "repeats")
        rest = {"objective": list(asked.objectives), **{name: getattr(asked, name) for name in names}}
        return {"recipe": form.recipe().to_mapping(), "over": over, **named, **given, **rest}

    def _followed(self, form: Form, asked: Sweep, stopper: Stopper) -> Generator[Update, None, SweepOutcome]:
        cache = self.merge_service.job_cache
        store = cache.run_memory.store() if self.merge_service.visit else None
        kept = RememberedPoints(store, asked, "Sweep", form.device) if store else None
        steps = cache.follow_in_parts(
            Stopwatch("Sweeping"),
            stopper,
            "sweep",
            given=asked.to_mapping(),
            device=form.device,
            models_dir=self.merge_service.models_dir,
            **task_files_of(form),
        )
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                found: SweepOutcome = end.value
                if kept:
                    kept.end(found)
                return found
            if not isinstance(step, Partial):
                yield Update(status=step)
                continue
            self.points[step.result.number] = step.result
            if kept:
                kept.take(step.result)
                self._keep_tried(asked, step.result)
            yield self._told(form)

    def _keep_tried(self, asked: Sweep, point: Point) -> None:
        """Keep how far the sweep has come, for whoever goes on with it after the server was stopped."""
        if point.state is not PointState.RACING:
            keep_tried(asked.digest(), sum(each.state is not PointState.RACING for each in self.points.values()))

    def _told(self, form: Form) -> Update:
        """The tab for the recipe on the sidebar, with the last sweep, which may be of another recipe."""
        try:
            recipe, problem = form.recipe(), ""
        except ValueError as error:
            recipe, problem = None, str(error)
        words = SettingWords(short_names(form.models.titles))
        tasks = self.merge_service.tasks(form) if recipe else {}
        offered = SweepMessage(
            of=self._name(form) if recipe else "",
            settings=sweep_settings(recipe, words) if recipe else [],
            objectives={**OBJECTIVES, **{TASK + name: face.title for name, face in tasks.items()}} if tasks else {},
            problem=problem or ("" if tasks else NOTHING_TO_SCORE),
            refusal=self.refusal,
            left=left_behind() if self._is_remembered and self.state == "none" else None,
            state=self.state,
            swept="",
            sought=[],
            columns=[],
            points=[],
            chart=None,
            importances=[],
            importance_note="",
            summary="",
        )
        return Update(sweep=replace(offered, **self._found()))

    def _found(self) -> Mapping[str, Any]:
        """What is known of the last sweep."""
        if self.form is None or self.asked is None:
            return {}
        swept = self._swept(self.form, self.asked)
        importances, note = self.importances
        return {
            "swept": self._name(self.form),
            "sought": swept.sought,
            "columns": swept.columns,
            "points": rendered_points(swept, self.wanted.share),
            "chart": sweep_chart(swept, self.wanted),
            "importances": importances,
            "importance_note": note,
            "summary": sweep_summary(swept),
        }

    @property
    def _is_remembered(self) -> bool:
        """Whether all who may use the server see what is tried on it, as its runs."""
        return bool(self.merge_service.visit) and self.merge_service.job_cache.run_memory.store() is not None

    @staticmethod
    def _name(form: Form) -> str:
        return recipe_name(form.recipe(), form.models.titles)

    def _weigh(self) -> None:
        """Compute the importances, once, from all points."""
        if self.form and self.asked and self.points:
            self.importances = sweep_importances(self._swept(self.form, self.asked))

    def _swept(self, form: Form, asked: Sweep) -> Swept:
        words, tasks = SettingWords(short_names(form.models.titles)), self.merge_service.tasks(form)
        tried = [self.points[number] for number in sorted(self.points)]
        return Swept(asked, tried, self.outcome, words, {name: face.title for name, face in tasks.items()})


def _end_by(error: Exception, is_pressed: bool) -> SweepEnd:
    """How a sweep ended that did not come to its end. Work is also stopped with its page or its server, without a press of
    Stop."""
    if not isinstance(error, StopPressedError):
        return "failed"
    return "cancelled" if is_pressed else "interrupted"
