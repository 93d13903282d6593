"""One visitor's lab: from a form to what the page shows. Plain Python, no widget and no tensor in it.

A visitor's events run in threads of their own. What the page shows is put together under the session's lock, together with
its number, and for the recipe that the sidebar says by then alone: so the view with the largest number is always one of the
sidebar's recipe, whichever thread was late.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from mergelab.analysis.preview import Preview, preview
from mergelab.analysis.sketch import Sketch
from mergelab.checkpoints import list_suites, load_suite
from mergelab.jobs.workbench import Run
from mergelab.recipe import Recipe, RecipeError
from mergelab.ui.form.form import OWN, Form, Models
from mergelab.ui.form.link import Link, source_name
from mergelab.ui.session.chart_service import ChartService
from mergelab.ui.session.job_cache import CrashError, JobCache, Stopper, StopPressedError
from mergelab.ui.session.merge_service import MergeService
from mergelab.ui.session.messages import Cell, Told, View, Views
from mergelab.ui.session.pins import Pins
from mergelab.ui.session.score_state import ScoreState
from mergelab.ui.session.status import FOLLOWING, Status, Stopwatch, UnderWay, crash, refusal
from mergelab.ui.session.tensor_view import TensorView

T = TypeVar("T")
PATIENCE = 1.0
"""Seconds after which a live merge is given up when the recipe has moved on; quicker ones may finish."""
BLOCKED = Status("ready", "Preview only: this cannot be merged here")
STOPPED = Status("stopped", "Stopped. Results so far are kept.")


@dataclass
class Session:
    """One visitor's state: what the sidebar says, the last recipe shown, and the jobs that Stop would end. `link` gives the
    link to a form. `wanted` is the form that the sidebar says, None where that is no recipe or nobody told. Whoever reads or
    changes several of these at once holds the lock."""

    job_cache: JobCache
    link: Callable[[Form], Link]
    models_dir: str | None = None
    lock: Any = field(default_factory=threading.RLock, repr=False)
    under_way: UnderWay = field(default_factory=UnderWay)
    sidebar: list[Any] = field(default_factory=list)
    opened: threading.Event = field(default_factory=threading.Event)
    stopper: Stopper = field(default_factory=Stopper)
    live_stopper: Stopper = field(default_factory=Stopper)
    live_digest: str | None = None
    live_since: float = 0.0
    own: Models | None = None
    owned: dict[str, Models] = field(default_factory=dict)
    wanted: Form | None = None
    on_screen: Recipe | None = None
    refused: bool = False
    told: Told | None = None

    def __post_init__(self) -> None:
        self.looking = TensorView(self.job_cache, models_dir=self.models_dir, under_way=self.under_way)
        self.work = MergeService(self.job_cache, self.stopper, self.models_dir)
        self.charting = ChartService(self.job_cache)
        self.pins = Pins(self.work, self.charting)
        self.scoreboard = ScoreState(self.work)

    def models(self, source: str) -> Models:
        """The models of a suite, or the person's own. Raises ValueError when there are none yet."""
        if source != OWN:
            return Models.of_suite(load_suite(source))
        if self.own is None:
            raise RecipeError(
                "No models of your own yet: open “Your own models”, fill in base and experts, and press Use these models."
            )
        return self.own

    @property
    def sources(self) -> dict[str, Models]:
        """The models that an address or an earlier state of this page may name."""
        suites = {name: Models.of_suite(suite) for name, suite in list_suites().items()}
        return {**suites, **self.owned}

    def take(self, models: Models) -> None:
        """Work on a person's own models from now on; earlier ones stay known, for undo."""
        self.own = self.owned[source_name(models)] = models

    def first(self, form: Form) -> Views:
        """The page at its opening: charts, then scores if the models are small; at once if both are known.

        Nothing where the person was quicker: their charts are on screen already.
        """
        if self.on_screen is not None:
            return iter(())
        self.want(form)
        return self._first(form)

    def _first(self, form: Form) -> Views:
        if not self.work.is_scored(form):
            yield from self.preview(form)
        for view in self.live(form):
            yield replace(view, link=self.link(form)) if view.recipe else view

    def knows(self, form: Form) -> bool:
        """Whether the charts of a form, and of what was put aside, are look-ups. Raises ValueError where it is no recipe."""
        return self.work.known_sketch(form) is not None and self.pins.known

    def preview(self, form: Form) -> Views:
        """The live charts of a form; reads the models first if this is their first time."""
        self.want(form)
        self._give_up_live(form)
        return self._guarded(lambda: self._preview(form), "refused")

    def live(self, form: Form) -> Views:
        """Merge and score small models at once; for large ones nothing happens until Merge is pressed."""
        if not self.work.follows_live(form):
            return
        self.live_digest, self.live_since = form.recipe().digest(), time.monotonic()
        try:
            for view in self._guarded(lambda: self._merge(form, "validation", "live", self.live_stopper), "live"):
                if not self.refused:  # what is wrong with the recipe on the sidebar matters more
                    yield view
            yield from self._guarded(lambda: self._score_pins(form), "live")
        finally:
            self.live_digest = None

    def narrow(self, form: Form, at: Cell | None) -> Views:
        """From now on the charts are of one cell's tensors, or of all."""
        self.charting.at = at
        return self.preview(form)

    def pin(self, form: Form, slot: str, aside: Form | None = None) -> Views:
        """Put a recipe aside, by default that of the form on the sidebar, as one of the two that are compared."""
        self.pins.put(slot, aside or form)
        return self.preview(form)

    def unpin(self, form: Form, slot: str) -> Views:
        """Forget the recipe that was put aside there."""
        self.pins.forget(slot)
        return self.preview(form)

    def set_scene(self, pins: Mapping[str, Form], at: Cell | None) -> None:
        """From now on these recipes alone are put aside, and the charts are of that cell."""
        self.pins.replace(pins)
        self.charting.at = at

    @property
    def pinned(self) -> dict[str, str]:
        """The keys of the recipes that are put aside, by slot."""
        return {slot: self.link(form).key for slot, form in self.pins.forms.items()}

    def merge(self, form: Form) -> Views:
        """Merge exactly what the form says and score it on validation rows."""
        return self._guarded(lambda: self._merge(form, "validation", "exact", self.stopper))

    def test(self, form: Form) -> Views:
        """Merge and score on test rows, which knobs must not be chosen by."""
        return self._guarded(lambda: self._merge(form, "test", "exact", self.stopper))

    def save(self, form: Form, out: str) -> Views:
        """Write the merged model to the new folder `out`, packed as one file."""
        return self._guarded(lambda: self._save(form, out))

    def stop(self) -> View:
        """End this visitor's work."""
        stopped = [each.press() for each in (self.stopper, self.live_stopper, self.looking.stopper)]
        return View(status=STOPPED if any(stopped) else Status("stopped", "Nothing was running."))

    def want(self, form: Form) -> None:
        """From now on this form's recipe is the one to show: reading for another one ends. Nothing is to be shown where it is
        no recipe."""
        try:
            form.recipe()
        except ValueError:
            self.wanted = None
        else:
            self.wanted = form

    def asked(self, form: Form) -> View:
        """What can be said of a form before its models are read. Raises ValueError where it is no recipe."""
        return View(link=self.link(form))

    def _guarded(self, work: Callable[[], Generator[View, None, None]], kind: str = "error") -> Views:
        """The views of some work; however it ends, the last one says so. `kind` is refused for previews."""
        presses = self.stopper.presses
        try:
            unfinished = yield from self.under_way.through(work())
            if unfinished and not self.refused:
                yield View(status=FOLLOWING)
        except StopPressedError:
            given_up = kind == "live" and self.stopper.presses == presses
            yield View(status=FOLLOWING if given_up else STOPPED)
        except CrashError as error:
            yield View(status=crash(str(error), error.trace))
        except ValueError as error:
            yield self._told(error, kind)

    def _told(self, error: ValueError, kind: str) -> View:
        with self.lock:
            self.refused = self.refused or kind == "refused"
            return View(status=refusal(str(error), "refused" if kind == "refused" else "error"))

    def _give_up_live(self, form: Form) -> None:
        """Stop a slow live merge of a recipe that is no longer on the sidebar."""
        try:
            digest = form.recipe().digest()
        except ValueError:
            digest = None
        patience = PATIENCE if digest else 0
        if self.live_digest not in (None, digest) and time.monotonic() > self.live_since + patience:
            self.live_stopper.press()

    def _preview(self, form: Form) -> Generator[View, None, None]:
        known = self.knows(form)
        if not known:
            yield self.asked(form)  # reading may take a while, and may be stopped
        sketch = yield from self._while_wanted(form, self._read(form))
        with self.lock:
            view = self._previewed(form, sketch, known)
        yield view

    def _previewed(self, form: Form, sketch: Sketch | None, known: bool) -> View:
        """What comes on screen of a form whose models were read; nothing where the sidebar has moved on, because whoever told
        of that shows what it says now."""
        if sketch is None or not self._is_wanted(form):
            return View()
        recipe = self.on_screen = form.recipe()
        scores = self.scoreboard.beside(form, recipe)
        view = replace(scores, status=self._status(form, known), recipe=recipe, link=self.link(form))
        self.refused = False
        return self._with_charts(view, form, sketch, preview(sketch, recipe))

    def _status(self, form: Form, known: bool) -> Status | None:
        """What the strip says beside a form's charts; look-ups leave it to other work that is under way."""
        if form.blocked_reason:
            return replace(BLOCKED, problems=(form.blocked_reason,))
        return None if known and self.under_way and not self.refused else FOLLOWING

    def _with_charts(self, view: View, form: Form, sketch: Sketch, found: Preview) -> View:
        """The same view with a form's charts, and with what was put aside behind and beside them."""
        charts, compare = self.pins.beside(self.charting.charts(form, sketch, found), form)
        return replace(view, charts=self.charting.sent(charts), compare=compare)

    def _while_wanted(self, form: Form, reading: Generator[View, None, T]) -> Generator[View, None, T | None]:
        """The same reading, given up (None) as soon as another recipe is wanted."""
        try:
            while self._is_wanted(form):
                try:
                    view = next(reading)
                except StopIteration as end:
                    result: T = end.value
                    return result
                yield view
        finally:
            reading.close()
        return None

    def _read(self, form: Form) -> Generator[View, None, Sketch]:
        """The sketch of a form, with those of what was put aside at hand."""
        sketch = yield from self.work.sketch(form)
        yield from self.pins.read()
        return sketch

    def _merge(self, form: Form, split: str, state: str, stopper: Stopper) -> Generator[View, None, None]:
        what = "Merging and scoring" if self.work.tasks(form) else "Merging"
        watch = Stopwatch("Scoring on test rows" if split == "test" else what)
        run = yield from self.work.merge(form, split, watch, stopper)
        sketch = yield from self.work.sketch(form)
        with self.lock:
            view = self._merged(run, form, sketch, state, watch.elapsed)
        yield view

    def _merged(self, run: Run, form: Form, sketch: Sketch, state: str, elapsed: float) -> View:
        """What comes on screen of a run. Of a recipe that the sidebar has left meanwhile these are scores alone, which then
        are of an earlier one."""
        if state == "live" and self.refused:
            return View()  # what is wrong with the recipe on the sidebar matters more
        if run.split == "test":
            return self.scoreboard.post(run, form, state, elapsed)
        if self.wanted is not None and not self._is_wanted(form):
            return self.scoreboard.post_beside(run, form, state, elapsed, self.wanted)
        self.on_screen = form.recipe()
        view = replace(self.scoreboard.post(run, form, state, elapsed), recipe=self.on_screen)
        return self._with_charts(view, form, sketch, run.preview) if run.preview.label == "exact" else view

    def _score_pins(self, form: Form) -> Generator[View, None, None]:
        """Scores of what was put aside beside this form; nothing once another recipe is wanted."""
        news = yield from self.pins.score(self.live_stopper, lambda: self._is_wanted(form))
        if news:
            sketch = yield from self.work.sketch(form)
            with self.lock:
                view = View(status=Status("ready", "Exact scores for both recipes"))
                if self._is_wanted(form):
                    view = self._with_charts(view, form, sketch, self.work.figures(form, sketch))
            yield view

    def _save(self, form: Form, out: str) -> Generator[View, None, None]:
        path = yield from self.work.save(form, out)
        yield View(status=Status("ready", "The merged model is packed: press Download"), saved=path)

    def _is_wanted(self, form: Form) -> bool:
        """Whether the sidebar says this very recipe."""
        return self.wanted is not None and self.wanted.recipe().digest() == form.recipe().digest()
