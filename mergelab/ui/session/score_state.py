"""The scores on screen: whose they are, and whether they still belong to the recipe."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mergelab.jobs.workbench import Run
from mergelab.recipe import Recipe
from mergelab.ui import messages
from mergelab.ui.form.form import Form
from mergelab.ui.form.labels import counted, seconds
from mergelab.ui.messages import Status
from mergelab.ui.session.merge_service import MergeService
from mergelab.ui.session.render.scores import NOTHING_TO_SCORE, render_scores, render_unscored
from mergelab.ui.session.score_tables import RunScores
from mergelab.ui.session.status import FOLLOWING
from mergelab.ui.session.update import Update


@dataclass
class ScoreState:
    """One visitor's scores: `shown` on validation examples, `tested` on test examples. `merges` counts the person's own
    merges, `merged` is the status of the last one."""

    merge_service: MergeService
    shown: RunScores | None = None
    tested: RunScores | None = None
    merges: int = 0
    merged: Status = FOLLOWING

    def beside(self, form: Form, recipe: Recipe) -> Update:
        """What changes in the scores when this form with its recipe comes on screen."""
        coming = self.merge_service.follows_live(form)
        sentence = self._forget_others(form, coming)
        shown, tested = self._aged(recipe, coming)
        return Update(scores=render_unscored(sentence) if sentence else _rendered(shown), test=_rendered(tested))

    def post(self, run: Run, form: Form, state: messages.ScoreState, elapsed: float) -> Update:
        """Put up the scores of a run of this form, which took so many seconds."""
        self.merges += state == "exact" and run.split == "validation"
        scores = RunScores(run, form.models, self.merge_service.tasks(form), state, self.merges)
        if run.split == "test":
            self.tested = scores
            done = Status("ready", f"Scored on test examples in {seconds(elapsed)}")
            return Update(status=done, test=render_scores(scores), device=run.device)
        if state == "live" and self._has_merged(run):
            return Update(status=self.merged)  # a live merge that began before the person's own came in after it
        self.shown = scores
        return Update(status=self._done(state, elapsed), scores=render_scores(scores), device=run.device)

    def post_beside(self, run: Run, form: Form, state: messages.ScoreState, elapsed: float, now: Form) -> Update:
        """The same if the sidebar has moved on to the recipe of `now`: the scores then belong to an earlier recipe, and are
        shown unless the current one has scores of its own."""
        before, recipe = self.shown, now.recipe()
        update = self.post(run, form, state, elapsed)
        update = replace(update, status=FOLLOWING) if state == "live" else update
        if before is not None and before.run.digest == recipe.digest():
            self.shown = before
            return replace(update, scores=None)
        aged, _ = self._aged(recipe, self.merge_service.follows_live(now))
        return replace(update, scores=_rendered(aged) or update.scores)

    def _has_merged(self, run: Run) -> bool:
        return self.shown is not None and (self.shown.state, self.shown.run.digest) == ("exact", run.digest)

    def _done(self, state: messages.ScoreState, elapsed: float) -> Status:
        match state:
            case "exact":
                self.merged = Status("ready", f"Merge {self.merges} finished in {seconds(elapsed)}")
                return self.merged
            case "live":
                return Status("ready", "Exact scores for this recipe")
        return FOLLOWING

    def _forget_others(self, form: Form, coming: bool) -> str:
        """Drop the scores of other models; the sentence that takes their place, or empty text if there is nothing to drop."""
        if self.shown and self.shown.models == form.models:
            return ""
        self.shown = None
        tasks = self.merge_service.tasks(form)
        if not tasks:
            return NOTHING_TO_SCORE
        if coming:
            return "Scores are on their way."
        return f"Not scored yet. Press Merge to merge these models and score the result on {counted(len(tasks), 'task set')}."

    def _aged(self, recipe: Recipe, coming: bool) -> tuple[RunScores | None, RunScores | None]:
        """The scores and test scores whose state changes beside this recipe."""
        before = self.shown, self.tested
        self.shown = self.shown and self.shown.beside(recipe, "updating" if coming else "stale")
        self.tested = self.tested and self.tested.beside(recipe, "stale")
        shown, tested = (
            now if now is not was else None for now, was in zip((self.shown, self.tested), before, strict=True)
        )
        return shown, tested


def _rendered(scores: RunScores | None) -> messages.Scores | None:
    return None if scores is None else render_scores(scores)
