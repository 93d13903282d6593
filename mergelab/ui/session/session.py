"""One visitor's lab: what each action does, as a stream of updates. Plain Python, without widgets and tensors."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from mergelab.analysis.sketch import Sketch
from mergelab.jobs.recording.reproduce_job import verdict
from mergelab.jobs.workbench import MergeScores
from mergelab.runtime.progress import map_progress
from mergelab.ui.form.form import Form, Models
from mergelab.ui.form.recipe_name import recipe_name
from mergelab.ui.form.texts.link import LinkMaker
from mergelab.ui.messages import ClaimRequest, DamageRequest, Status, SweepRequest, TryRequest
from mergelab.ui.session.answers.answers_view import AnswersView
from mergelab.ui.session.answers.trying import Trying
from mergelab.ui.session.chart_data import Cell
from mergelab.ui.session.chart_service import ChartService
from mergelab.ui.session.damage.damage_view import DamageView
from mergelab.ui.session.job_cache import CrashError, JobCache, Stopper, StopPressedError
from mergelab.ui.session.merge_service import MergeService
from mergelab.ui.session.model_sources import ModelSources
from mergelab.ui.session.papers.papers_view import PapersView
from mergelab.ui.session.queueing.job_limits import NOBODYS, JobLimits, Owner
from mergelab.ui.session.remembering.runs_view import RunsView
from mergelab.ui.session.remembering.visit_history import VisitHistory
from mergelab.ui.session.render.recipe import ActiveStory
from mergelab.ui.session.screen import Screen
from mergelab.ui.session.status import BUSY, Stopwatch, UnderWay, crash
from mergelab.ui.session.sweeping.sweep_view import SweepView
from mergelab.ui.session.task_sets.task_sets_view import TaskSetsView, TypedModels
from mergelab.ui.session.tensor_view import TensorView
from mergelab.ui.session.update import Update, Updates

T = TypeVar("T")
PATIENCE = 1.0
"""Seconds after which a live merge is cancelled if the recipe has changed; quicker ones may come to their scores."""
LIVE_MERGES = 2
"""How many live merges one visitor may have under way; one more ends them, for the last one wins."""
NOTHING_RAN = Status("stopped", "Nothing was running.")
REPORTED = Status("ready", "The report is written: press Download")
PACKED = Status("ready", "The merged model is packed: press Download")


@dataclass
class Session:
    """One visitor's state. `values` is what each widget of the sidebar holds, by the widget's name. `link` gives the link to a
    form, `opened` is set once the page has loaded.
    Merges are remembered as runs of the group `visit`, if it has a name. Jobs that the visitor asks for count as the `owner`'s; those that follow
    the knobs do not."""

    job_cache: JobCache
    link: LinkMaker
    models_dir: str | None = None
    visit: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    opened: threading.Event = field(default_factory=threading.Event)
    sources: ModelSources = field(default_factory=ModelSources)
    story: ActiveStory | None = None
    stopper: Stopper = field(default_factory=Stopper)
    live_stopper: Stopper = field(default_factory=Stopper)
    live_digest: str | None = None
    live_since: float = 0.0
    live_scored: bool = False
    live_merges: int = 0
    owner: Owner = NOBODYS
    job_limits: JobLimits = field(default_factory=JobLimits)

    def __post_init__(self) -> None:
        self.under_way = UnderWay()
        self.tensor_view = TensorView(
            self.job_cache, models_dir=self.models_dir, under_way=self.under_way, resting=lambda: self.screen.resting()
        )
        self.merge_service = MergeService(self.job_cache, self.stopper, self.models_dir, self.visit)
        self.chart_service = ChartService(self.job_cache)
        self.answers_view = AnswersView(self.merge_service)
        self.task_sets = TaskSetsView(self.job_cache, self.stopper, self.sources, self.models_dir)
        self.trying = Trying(self.job_cache, self.merge_service, Stopper())
        self.screen = Screen(self.merge_service, self.chart_service, self.under_way, self.link)
        self.damage_view = DamageView(self.merge_service, self.screen.wants)
        self.runs_view, self.history = RunsView(self.job_cache.run_memory, self.visit), VisitHistory()
        self.sweep_view, self.papers_view = SweepView(self.merge_service), PapersView(self.job_cache)
        self.pins, self.lock = self.screen.pins, self.screen.lock

    def first(self, form: Form) -> Updates:
        """The opening: charts, then scores if the models are small; both at once if they are known.

        Yields nothing if the user has already changed a setting: their charts are on screen.
        """
        if self.screen.recipe is not None:
            return iter(())
        self.screen.want(form)
        return self._first(form)

    def _first(self, form: Form) -> Updates:
        is_live = self.merge_service.follows_live(form) and self.merge_service.is_scored(form)
        if not (is_live and self.pins.known):
            yield from self.preview(form)
        for update in self.live(form):
            yield self.screen.answered(update, form) if update.home else update

    def knows(self, form: Form) -> bool:
        """Whether the charts of a form and of the pinned recipes are look-ups, or what there is to say about a stack. Raises
        ValueError for an invalid recipe."""
        if form.is_stack:
            return self.merge_service.known_facts(form) is not None
        return self.merge_service.known_sketch(form) is not None and self.pins.known

    def preview(self, form: Form) -> Updates:
        """The live charts of a form. Reads the models first if nobody has yet."""
        self.screen.want(form)
        self._cancel_outdated_live_merge(form)
        work = self._stack if form.is_stack else self._preview
        return self._guarded(lambda: work(form), "preview", "The models could not be read")

    def live(self, form: Form) -> Updates:
        """Merge and score small models without a click. Large models wait until Merge is pressed."""
        if not self.merge_service.follows_live(form):
            return
        if self.live_merges >= LIVE_MERGES:
            self.live_stopper.press()
        self.live_merges += 1
        self.live_digest, self.live_since, self.live_scored = form.recipe().digest(), time.monotonic(), False
        try:
            for update in self._guarded(lambda: self._merge(form, "validation", self.live_stopper, live=True), "live"):
                if update.status and update.status.kind == "error":
                    self.merge_service.rest(form)  # else an unchanged value would start it again
                if not self.screen.refused:  # the problem with the current recipe matters more
                    yield update
            yield from self._guarded(lambda: self._score_pins(form), "live")
        finally:
            self.live_digest, self.live_merges = None, self.live_merges - 1

    def narrow(self, form: Form, at: Cell | None) -> Updates:
        """Narrow the charts to the tensors of one cell, or widen them to all."""
        self.chart_service.at = at
        return self.preview(form)

    def pin(self, form: Form, slot: str, pinned: Form | None = None) -> Updates:
        """Pin a recipe in one of the two slots: `pinned`, or that of `form`, which is on the sidebar."""
        self.pins.put(slot, pinned or form)
        return self.preview(form)

    def unpin(self, form: Form, slot: str) -> Updates:
        """Take the pinned recipe out of its slot."""
        self.pins.forget(slot)
        return self.preview(form)

    def score_both(self, form: Form) -> Updates:
        """Merge and score both recipes that are compared, as far as they are not scored yet."""
        return self._guarded(lambda: self._score_both(form))

    def set_scene(self, pins: Mapping[str, Form], at: Cell | None) -> None:
        """Pin exactly these recipes, and narrow the charts to that cell."""
        self.pins.replace(pins)
        self.chart_service.at = at

    @property
    def pinned(self) -> dict[str, str]:
        """The keys of the pinned recipes, by slot."""
        return {slot: self.link(form).key for slot, form in self.pins.forms.items()}

    def merge(self, form: Form) -> Updates:
        """Merge the form's recipe and score it on validation examples."""
        self.merge_service.resume()
        return self._guarded(lambda: self._counted(self._merge(form, "validation", self.stopper)), "merge")

    def test(self, form: Form) -> Updates:
        """Merge and score on test examples, which must not be used to choose knobs."""
        return self._guarded(lambda: self._counted(self._merge(form, "test", self.stopper)), "merge")

    def with_tasks(self, models: Models, typed: TypedModels) -> Generator[Update, None, Models | None]:
        """These models with the person's task sets, every row checked; None if there is a problem, which the last update says."""
        found: list[Models] = []

        def work() -> Generator[Update, None, None]:
            given = replace(models, task_files=(yield from self.task_sets.checked(typed)))
            found.append(
                replace(given, tasks=(yield from self.merge_service.read_tasks(given)) if given.task_files else ())
            )

        yield from self._guarded(work, failed="The task sets could not be read")
        return found[0] if found else None

    def look_at_tasks(self, work: Callable[[TaskSetsView], Generator[Update, None, None]]) -> Updates:
        """Change the list of the person's task sets, and look at them. The list comes however the look ends."""
        for update in self._guarded(lambda: work(self.task_sets), failed="The task sets could not be read"):
            ends = update.status is not None and update.status.kind not in BUSY
            yield replace(update, task_sets=self.task_sets.latest) if ends else update

    def try_it(self, form: Form, asked: TryRequest) -> Updates:
        """Ask all models a person's question, on the merge of the form, which is not saved."""
        return self._guarded(lambda: self.trying.ask(form, asked), failed="The models could not be asked")

    def reproduce(self, number: int) -> Updates:
        """Merge the recipe of a remembered run again, and say whether the weights are the same."""
        return self._guarded(lambda: self._counted(self._reproduce(number)), failed="The run could not be reproduced")

    def sweep(self, form: Form, asked: SweepRequest) -> Updates:
        """Search for the best recipe around the form's. Its points come as they are scored, and stay after Stop."""
        return self._guarded(lambda: self._counted(self._sweep(form, asked)), failed="The sweep failed")

    def _sweep(self, form: Form, asked: SweepRequest) -> Generator[Update, None, None]:
        """Search. Where the sweep is refused the tab says why, and the strip no longer why something else was."""
        yield from self.sweep_view.run(form, asked, self.link(form).query, self.stopper)
        if self.sweep_view.refusal and not self.under_way:
            yield Update(status=self.screen.resting())

    def measure_claim(self, form: Form, asked: ClaimRequest) -> Updates:
        """Measure a paper's claim on a suite, on the form's device."""
        return self._guarded(
            lambda: self._counted(self.papers_view.measure(asked, form.device, self.stopper)),
            failed="The claim could not be measured",
        )

    def measure_damage(self, form: Form, asked: DamageRequest) -> Updates:
        """Measure what each place of the form's merge costs. Its map comes as it grows, and stays as far as it is known."""
        return self._guarded(
            lambda: self._counted(self.damage_view.measure(form, asked, self.stopper)),
            failed="The damage could not be measured",
        )

    def save(self, form: Form, out: str) -> Updates:
        """Write the merged model to the new folder `out`, packed as one file."""
        return self._guarded(lambda: self._counted(self._save(form, out)), failed="The download failed")

    def save_adapter(self, form: Form, out: str, rank: int) -> Updates:
        """Write a LoRA adapter of the merged model to the new folder `out`, packed as one file."""
        return self._guarded(lambda: self._save_adapter(form, out, rank))

    def save_report(self, form: Form, out: str) -> Updates:
        """Write the report on the form's models and recipe to the new file `out`, and show its key figures."""
        return self._guarded(lambda: self._save_report(form, out))

    def stop(self) -> Update:
        """End this visitor's work. Nothing begins by itself for this recipe until another one comes or Merge is pressed."""
        stopped = [
            each.press() for each in (self.stopper, self.live_stopper, self.tensor_view.stopper, self.trying.stopper)
        ]
        with self.lock:
            if self.screen.wanted is not None:
                self.merge_service.rest(self.screen.wanted)
            update = self.screen.stopped()
            return update if any(stopped) or not self.screen.complete else replace(update, status=NOTHING_RAN)

    def leave(self) -> None:
        """End the work of a visitor who closed the page, without having pressed Stop."""
        self.sweep_view.is_left = True
        self.stop()

    @property
    def rests(self) -> bool:
        """Whether nothing begins by itself for the recipe on the sidebar."""
        wanted = self.screen.wanted
        return wanted is not None and self.merge_service.rests(wanted)

    def _guarded(
        self, work: Callable[[], Generator[Update, None, None]], kind: str = "", failed: str = "The merge failed"
    ) -> Updates:
        """The updates of some work. However it ends, the last update says so. `kind` is `preview`, `live`, `merge` or empty,
        `failed` what a crash is called."""
        presses = self.stopper.presses
        if kind != "live":  # what begins by itself leaves on screen why something else could not be done
            self.screen.standing = ()
        try:
            unfinished = yield from map_progress(self.under_way.through(work()), self.screen.beside_refusal)
            if unfinished:
                yield self.screen.beside_refusal(Update(status=self.screen.resting()))
        except StopPressedError:
            cancelled = kind == "live" and self.stopper.presses == presses
            resting = self.screen.resting()
            yield self.screen.given_up(resting, keeps=False) if cancelled else self.screen.stopped()
        except CrashError as error:
            yield self._failed(crash(str(error), error.trace, failed), kind)
        except ValueError as error:
            yield self._failed(self.screen.refuse(error, kind == "preview"), kind)

    def _failed(self, status: Status, kind: str) -> Update:
        """The end of work that gave no result. A merge then gives no more scores."""
        return self.screen.given_up(status) if kind in ("live", "merge") else Update(status=status)

    def _counted(self, job: Generator[Update, None, None]) -> Generator[Update, None, None]:
        """The same job, if its owner may have one more."""
        with self.job_limits.place(self.owner):
            yield from job

    def _cancel_outdated_live_merge(self, form: Form) -> None:
        """Stop a live merge of a recipe that is no longer on the sidebar if it is slow, or if its scores are there: what it still
        counts would make the scores of the new recipe wait."""
        try:
            digest = form.recipe().digest()
        except ValueError:
            digest = None
        patience = PATIENCE if digest and not self.live_scored else 0
        if self.live_digest not in (None, digest) and time.monotonic() > self.live_since + patience:
            self.live_stopper.press()

    def _preview(self, form: Form) -> Generator[Update, None, None]:
        known = self.knows(form)
        if not known:
            yield self.screen.linked(form)  # reading may take a while, and may be stopped
        sketch = yield from self._while_wanted(form, self._read(form))
        yield self.screen.previewed(form, sketch, known)

    def _stack(self, form: Form) -> Generator[Update, None, None]:
        """The diagram of a stack at once, and then what the headers tell about it."""
        form.stack()  # slices that make no stack are refused here: nothing would be wanted below
        if not self.knows(form):
            yield self.screen.stacked(form, None)
        facts = yield from self._while_wanted(form, self.merge_service.facts(form))
        if facts is not None:
            yield self.screen.stacked(form, facts)

    def _while_wanted(self, form: Form, reading: Generator[Update, None, T]) -> Generator[Update, None, T | None]:
        """The same reading, given up (None) as soon as another recipe is wanted."""
        try:
            while self.screen.wants(form):
                try:
                    update = next(reading)
                except StopIteration as end:
                    result: T = end.value
                    return result
                yield update
        finally:
            reading.close()
        return None

    def _read(self, form: Form) -> Generator[Update, None, Sketch]:
        """The sketch of a form, and those of the pinned recipes in the cache."""
        sketch = yield from self.merge_service.sketch(form)
        yield from self.pins.read()
        return sketch

    def _merge(self, form: Form, split: str, stopper: Stopper, live: bool = False) -> Generator[Update, None, None]:
        what = "Merging and scoring" if self.merge_service.tasks(form) else "Merging"
        watch = Stopwatch("Scoring on test examples" if split == "test" else what)
        is_known, service = self.merge_service.known_run(form, split) is not None, self.merge_service

        def scored(found: MergeScores) -> Update:
            self.live_scored = self.live_scored or (live and found.complete and found.digest == self.live_digest)
            return self.screen.partly_scored(found, form)

        run = yield from service.merge(form, split, watch, stopper, scored, live)
        sketch = yield from service.sketch(form)
        name = recipe_name(form.recipe(), form.models.titles)
        history = self.history.add(run, name, self.link(form).key, form.models.base)
        merged = self.screen.merged(run, form, sketch, None if is_known else watch.elapsed, live)
        yield replace(merged, history=history if split == "validation" else None)
        if is_known and not live and run.health and run.health.unasked and service.follows_live(form):
            yield self.screen.asked((yield from service.asked(form, run, Stopwatch("Asking the merged model"))), form)

    def _score_pins(self, form: Form) -> Generator[Update, None, None]:
        """Score the pinned recipes beside this form, until another recipe is wanted."""
        is_new = yield from self.pins.score(self.live_stopper, lambda: self.screen.wants(form), form)
        if is_new:
            sketch = yield from self.merge_service.sketch(form)
            yield self.screen.pins_scored(form, sketch)

    def _score_both(self, form: Form) -> Generator[Update, None, None]:
        yield from self.pins.score_both(self.stopper, form)
        sketch = yield from self.merge_service.sketch(form)
        yield self.screen.pins_scored(form, sketch)

    def _reproduce(self, number: int) -> Generator[Update, None, None]:
        run = self.runs_view.found(number)
        steps = self.job_cache.follow(
            Stopwatch(f"Reproducing run {number}"), self.stopper, "reproduce", run=run, models_dir=self.models_dir
        )
        now = yield from map_progress(steps, lambda status: Update(status=status))
        told = verdict(run, now)[1]
        yield replace(self.runs_view.told(told), status=Status("ready", f"Run {number} was merged again", told))

    def _save(self, form: Form, out: str) -> Generator[Update, None, None]:
        path = yield from self.merge_service.save(form, out)
        yield Update(status=PACKED, saved=path)

    def _save_adapter(self, form: Form, out: str, rank: int) -> Generator[Update, None, None]:
        made = yield from self.merge_service.adapter(form, out, rank)
        ready = Status("ready", "The adapter is packed: press Download", f"relative error {made.error:.3g}")
        left_out = [f"The adapter leaves out {key}: {reason}" for key, reason in made.left_out.items()]
        yield Update(status=ready, saved=made.path, findings=tuple(left_out) if left_out else None)

    def _save_report(self, form: Form, out: str) -> Generator[Update, None, None]:
        from mergelab import report  # its charts take a while to import

        found = yield from self.merge_service.inspection(form)
        Path(out).write_text(report.page(found), encoding="utf-8")
        yield Update(status=REPORTED, saved=out, figures=report.text(found))
