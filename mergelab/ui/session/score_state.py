"""The scores on screen: whose they are, and whether they still belong to the recipe."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace

from mergelab.jobs.workbench import MergeScores, Run
from mergelab.recipe import Recipe
from mergelab.ui import messages
from mergelab.ui.form.form import Form
from mergelab.ui.form.labels import counted, seconds
from mergelab.ui.messages import Status
from mergelab.ui.session.merge_service import MergeService
from mergelab.ui.session.pins import Pins
from mergelab.ui.session.render.scores import NOTHING_TO_SCORE, mean_in_words, render_scores, render_unscored, scored_of
from mergelab.ui.session.score_tables import PinnedScores, RunScores
from mergelab.ui.session.status import ESTIMATE
from mergelab.ui.session.update import Update

NOTHING_TO_DO = Status("ready", "Nothing to do: this recipe is already scored")
NOTHING_TO_MERGE = Status("ready", "Nothing to do: this recipe is already merged")
MERGED = Status("ready", "Merged. No task sets, so no scores.")
NOT_MERGED = Status("ready", "Estimate – not merged yet")
HOW_TO_GO_ON = "Press Merge or change a setting to go on."


@dataclass
class ScoreState:
    """One visitor's scores: the last complete ones (`shown`), those of a merge that is under way or was stopped (`partial`),
    and those on test examples (`tested`; `testing` while they come in). `done` is what the strip said at the end of the last merge, by its digest.

    `docs/page-states.md` draws the states and what leads from one to the other.
    """

    merge_service: MergeService
    pins: Pins
    shown: RunScores | None = None
    partial: RunScores | None = None
    tested: RunScores | None = None
    testing: bool = False
    done: tuple[str, Status] | None = None
    _on_screen: Hashable = None

    def beside(self, form: Form, recipe: Recipe) -> Update:
        """What changes in the scores when this form with its recipe comes on screen."""
        return Update(scores=self._fresh(form, recipe), test=self._aged_test(form, recipe))

    def add(self, found: MergeScores, form: Form, now: Form) -> Update:
        """Scores of a merge of `form` that is under way have come in, while `now` is on the sidebar."""
        tasks = self.merge_service.tasks(form)
        if found.split == "test":
            self.testing, self.tested = True, RunScores(found, form.models, tasks, "scoring")
            self._aged_test(now, now.recipe())
            return Update(test=render_scores(self.tested))
        if found.complete:
            self.shown, self.partial = RunScores(found, form.models, tasks, "measured"), None
        else:
            self.partial = RunScores(found, form.models, tasks, "scoring")
        return Update(scores=self._fresh(now, now.recipe()))

    def post(self, run: Run, form: Form, elapsed: float | None, now: Form) -> Update:
        """Put up the scores of a finished run of `form`, while `now` is on the sidebar. It took so many seconds, None if it
        was known before."""
        scores = RunScores(run, form.models, self.merge_service.tasks(form), "measured")
        if run.split == "test":
            self.testing, self.tested = False, scores
            self._aged_test(now, now.recipe())
            return Update(status=_tested(run, elapsed), test=render_scores(self.tested), device=run.device)
        if not self._is_scored(now):
            self.shown = scores
        self.partial = None
        if elapsed is not None:
            self.done = run.digest, _done(run, elapsed)
        return Update(status=self._ended(run, elapsed, now), scores=self._fresh(now, now.recipe()), device=run.device)

    def stop(self, form: Form | None) -> Update:
        """The person stopped the work: what the strip and the tables say of the form on the sidebar."""
        update = self.give_up(form)
        if form is None:
            return replace(update, status=Status("stopped", "Stopped."))
        return replace(update, status=Status("stopped", self._stopped(form, form.recipe()), HOW_TO_GO_ON))

    def give_up(self, form: Form | None, keeps: bool = True) -> Update:
        """No more scores will come: the tables then say so. With `keeps`, those of a stopped merge that came stay."""
        self.testing, partial = False, self.partial
        self.partial = replace(partial, state="stopped") if keeps and partial and partial.run.scores else None
        if form is None:
            return Update()
        return Update(scores=self._fresh(form, form.recipe()), test=self._aged_test(form, form.recipe()))

    def resting(self, form: Form | None) -> Status:
        """What the strip says of this form while nothing is under way."""
        if form is None:
            return ESTIMATE
        run = self.merge_service.known_run(form)
        if run is None:
            return ESTIMATE if self.merge_service.tasks(form) else NOT_MERGED
        if self.done is not None and self.done[0] == run.digest:
            return self.done[1]
        return Status("ready", f"Scored earlier – {mean_in_words(run)}") if run.scores else MERGED

    def _ended(self, run: Run, elapsed: float | None, now: Form) -> Status:
        """What the strip says at the end of a merge."""
        if run.digest != now.recipe().digest():
            if elapsed is None or not run.scores:
                return self.resting(now)
            return Status("ready", f"The previous recipe: {_lower(_done(run, elapsed).text)}")
        if elapsed is None:
            return NOTHING_TO_DO if run.scores else NOTHING_TO_MERGE
        return _done(run, elapsed)

    def _stopped(self, form: Form, recipe: Recipe) -> str:
        now = self._now(form, recipe)
        if isinstance(now, str):
            return "Stopped. Nothing was scored." if self.merge_service.tasks(form) else "Stopped."
        if now.state == "stopped" and isinstance(now.run, MergeScores):
            return f"Stopped after {scored_of(now.run)}."
        is_other = now.run.scores and now.run.digest != recipe.digest()
        return "Stopped. Scores below are from the previous recipe." if is_other else "Stopped."

    def _is_scored(self, form: Form) -> bool:
        return self.merge_service.is_scored(form)

    def _aged_test(self, form: Form, recipe: Recipe) -> messages.Scores | None:
        """The test scores if their state beside this recipe is another one than before."""
        before = self.tested
        if before is None:
            return None
        fits = before.run.digest == recipe.digest() and before.models == form.models
        ended: messages.ScoreState = "measured" if isinstance(before.run, Run) else "stopped"
        self.tested = replace(before, state=("scoring" if self.testing else ended) if fits else "outdated")
        return render_scores(self.tested) if self.tested.state != before.state else None

    def _fresh(self, form: Form, recipe: Recipe) -> messages.Scores | None:
        """The scores beside this recipe, unless they are on screen already."""
        now, settled = self._now(form, recipe), self._is_scored(form)
        identity = (now, settled) if isinstance(now, str) else now.identity
        if identity == self._on_screen:
            return None
        self._on_screen = identity
        return render_unscored(now, settled) if isinstance(now, str) else render_scores(now)

    def _now(self, form: Form, recipe: Recipe) -> RunScores | str:
        """The scores that stand beside this recipe, or the sentence in their place."""
        run, tasks = self.merge_service.known_run(form), self.merge_service.tasks(form)
        if not tasks:
            return NOTHING_TO_SCORE
        pinned = self._pinned(form, recipe)
        if run is not None:
            self.shown = RunScores(run, form.models, tasks, "measured", True)
            return replace(self.shown, pinned=pinned)
        partial, shown = (each if each and each.models == form.models else None for each in (self.partial, self.shown))
        if partial and partial.run.digest == recipe.digest():
            return partial
        if shown:
            other: messages.ScoreState = "updating" if self.merge_service.follows_live(form) else "outdated"
            state = "measured" if shown.run.digest == recipe.digest() else other
            return replace(shown, state=state, settled=False, pinned=pinned)
        self.shown = None
        return self._unscored(form, len(tasks))

    def _unscored(self, form: Form, tasks: int) -> str:
        if self.merge_service.follows_live(form):
            return "Scores are on their way."
        return (
            f"Not scored yet. Press Merge to merge these models and score the result on {counted(tasks, 'task set')}."
        )

    def _pinned(self, beside: Form, recipe: Recipe) -> PinnedScores | None:
        """The first pinned recipe that is another one and was scored on the rows of this form."""
        for slot, form in sorted(self.pins.on_the_rows_of(beside).items()):
            pinned, run = form.recipe(), self.merge_service.known_run(form)
            if run is not None and run.scores and run.digest != recipe.digest():
                rules = [rule for rule in (pinned.rule, pinned.sparsifier) if rule]
                return PinnedScores(slot, " after ".join(rule.title for rule in rules), run)
        return None


def _done(run: Run, elapsed: float) -> Status:
    return Status("ready", f"Scored in {seconds(elapsed)} – {mean_in_words(run)}") if run.scores else MERGED


def _tested(run: Run, elapsed: float | None) -> Status:
    took = "" if elapsed is None else f" in {seconds(elapsed)}"
    return Status("ready", f"Scored on test examples{took} – {mean_in_words(run)}") if run.scores else MERGED


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
