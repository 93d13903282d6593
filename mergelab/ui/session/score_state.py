"""The scores on screen: whose they are, and whether they still belong to the recipe."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mergelab.jobs.workbench import Run
from mergelab.recipe import Recipe
from mergelab.ui.form.form import Form
from mergelab.ui.form.labels import counted, seconds
from mergelab.ui.session.merge_service import MergeService
from mergelab.ui.session.messages import Scores, View
from mergelab.ui.session.status import FOLLOWING, Status


@dataclass
class ScoreState:
    """One visitor's scores: `shown` on validation rows, `tested` on test rows. `merges` counts the person's own, `merged` tells
    of the last one."""

    work: MergeService
    shown: Scores | None = None
    tested: Scores | None = None
    merges: int = 0
    merged: Status = FOLLOWING

    def beside(self, form: Form, recipe: Recipe) -> View:
        """What changes of the scores when this form with its recipe comes on screen."""
        coming = self.work.follows_live(form)
        unscored = self._forget_others(form, coming)
        shown, tested = self._aged(recipe, coming)
        return View(scores=shown, unscored=unscored, test=tested)

    def post(self, run: Run, form: Form, state: str, elapsed: float) -> View:
        """Put up the scores of a run of this form, which took so many seconds; `state` as in `Scores`."""
        self.merges += state == "exact" and run.split == "validation"
        scores = Scores(run, form.models, self.work.tasks(form), state, self.merges)
        if run.split == "test":
            self.tested = scores
            done = Status("ready", f"Scored on test rows in {seconds(elapsed)}")
            return View(status=done, test=scores, device=run.device)
        if state == "live" and self._has_merged(run):
            return View(status=self.merged)  # a live merge that began before the person's own came in after it
        self.shown = scores
        return View(status=self._done(state, elapsed), scores=scores, device=run.device)

    def post_beside(self, run: Run, form: Form, state: str, elapsed: float, now: Form) -> View:
        """The same where the sidebar says the recipe of `now` meanwhile: these are scores of an earlier one, put up unless
        that one has its own already."""
        before, recipe = self.shown, now.recipe()
        view = self.post(run, form, state, elapsed)
        view = replace(view, status=FOLLOWING) if state == "live" else view
        if before is not None and before.run.digest == recipe.digest():
            self.shown = before
            return replace(view, scores=None)
        aged, _ = self._aged(recipe, self.work.follows_live(now))
        return replace(view, scores=aged or view.scores)

    def _has_merged(self, run: Run) -> bool:
        return self.shown is not None and (self.shown.state, self.shown.run.digest) == ("exact", run.digest)

    def _done(self, state: str, elapsed: float) -> Status:
        match state:
            case "exact":
                self.merged = Status("ready", f"Merge {self.merges} finished in {seconds(elapsed)}")
                return self.merged
            case "live":
                return Status("ready", "Exact scores for this recipe")
        return FOLLOWING

    def _forget_others(self, form: Form, coming: bool) -> str:
        """Without scores of these very models, the sentence that stands in their place."""
        if self.shown and self.shown.models == form.models:
            return ""
        self.shown = None
        tasks = self.work.tasks(form)
        if not tasks:
            return "No task sets come with these models, so there is nothing to score. Charts and “Keep this model” work all the same."
        if coming:
            return "Scores are on their way."
        return f"Not scored yet. Press Merge to merge these models and score the result on {counted(len(tasks), 'task set')}."

    def _aged(self, recipe: Recipe, coming: bool) -> tuple[Scores | None, Scores | None]:
        """The scores and test scores whose state changes beside this recipe."""
        before = self.shown, self.tested
        self.shown = self.shown and self.shown.beside(recipe, "updating" if coming else "stale")
        self.tested = self.tested and self.tested.beside(recipe, "stale")
        shown, tested = (
            now if now is not was else None for now, was in zip((self.shown, self.tested), before, strict=True)
        )
        return shown, tested
