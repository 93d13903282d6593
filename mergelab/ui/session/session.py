"""One visitor's lab: what each action does, as a stream of updates. Plain Python, without widgets and tensors."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from mergelab.analysis.sketch import Sketch
from mergelab.ui.form.form import Form
from mergelab.ui.form.link import Link
from mergelab.ui.messages import ScoreState, Status
from mergelab.ui.session.chart_data import Cell
from mergelab.ui.session.chart_service import ChartService
from mergelab.ui.session.job_cache import CrashError, JobCache, Stopper, StopPressedError
from mergelab.ui.session.merge_service import MergeService
from mergelab.ui.session.model_sources import ModelSources
from mergelab.ui.session.render.recipe import ActiveStory
from mergelab.ui.session.screen import Screen
from mergelab.ui.session.status import FOLLOWING, Stopwatch, UnderWay, crash
from mergelab.ui.session.tensor_view import TensorView
from mergelab.ui.session.update import Update, Updates

T = TypeVar("T")
PATIENCE = 1.0
"""Seconds after which a live merge is cancelled if the recipe has changed; quicker ones may finish."""
STOPPED = Status("stopped", "Stopped. Results so far are kept.")
NOTHING_RAN = Status("stopped", "Nothing was running.")
REPORTED = Status("ready", "The report is written: press Download")
PACKED = Status("ready", "The merged model is packed: press Download")


@dataclass
class Session:
    """One visitor's state. `values` is what each widget of the sidebar holds, by the widget's name. `link` gives the link to a
    form, `opened` is set once the page has loaded."""

    job_cache: JobCache
    link: Callable[[Form], Link]
    models_dir: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    opened: threading.Event = field(default_factory=threading.Event)
    sources: ModelSources = field(default_factory=ModelSources)
    story: ActiveStory | None = None
    stopper: Stopper = field(default_factory=Stopper)
    live_stopper: Stopper = field(default_factory=Stopper)
    live_digest: str | None = None
    live_since: float = 0.0

    def __post_init__(self) -> None:
        self.under_way = UnderWay()
        self.tensor_view = TensorView(self.job_cache, models_dir=self.models_dir, under_way=self.under_way)
        self.merge_service = MergeService(self.job_cache, self.stopper, self.models_dir)
        self.chart_service = ChartService(self.job_cache)
        self.screen = Screen(self.merge_service, self.chart_service, self.under_way, self.link)
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
        if not self.merge_service.is_scored(form):
            yield from self.preview(form)
        for update in self.live(form):
            yield self.screen.answered(update, form) if update.home else update

    def knows(self, form: Form) -> bool:
        """Whether the charts of a form and of the pinned recipes are look-ups. Raises ValueError for an invalid recipe."""
        return self.merge_service.known_sketch(form) is not None and self.pins.known

    def preview(self, form: Form) -> Updates:
        """The live charts of a form. Reads the models first if nobody has yet."""
        self.screen.want(form)
        self._cancel_outdated_live_merge(form)
        return self._guarded(lambda: self._preview(form), "preview")

    def live(self, form: Form) -> Updates:
        """Merge and score small models without a click. Large models wait until Merge is pressed."""
        if not self.merge_service.follows_live(form):
            return
        self.live_digest, self.live_since = form.recipe().digest(), time.monotonic()
        try:
            for update in self._guarded(lambda: self._merge(form, "validation", "live", self.live_stopper), "live"):
                if not self.screen.refused:  # the problem with the current recipe matters more
                    yield update
            yield from self._guarded(lambda: self._score_pins(form), "live")
        finally:
            self.live_digest = None

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
        return self._guarded(lambda: self._merge(form, "validation", "exact", self.stopper))

    def test(self, form: Form) -> Updates:
        """Merge and score on test examples, which must not be used to choose knobs."""
        return self._guarded(lambda: self._merge(form, "test", "exact", self.stopper))

    def save(self, form: Form, out: str) -> Updates:
        """Write the merged model to the new folder `out`, packed as one file."""
        return self._guarded(lambda: self._save(form, out))

    def save_adapter(self, form: Form, out: str, rank: int) -> Updates:
        """Write a LoRA adapter of the merged model to the new folder `out`, packed as one file."""
        return self._guarded(lambda: self._save_adapter(form, out, rank))

    def save_report(self, form: Form, out: str) -> Updates:
        """Write the report on the form's models and recipe to the new file `out`, and show its key figures."""
        return self._guarded(lambda: self._save_report(form, out))

    def stop(self) -> Update:
        """End this visitor's work."""
        stopped = [each.press() for each in (self.stopper, self.live_stopper, self.tensor_view.stopper)]
        return Update(status=STOPPED if any(stopped) else NOTHING_RAN)

    def _guarded(self, work: Callable[[], Generator[Update, None, None]], kind: str = "") -> Updates:
        """The updates of some work. However it ends, the last update says so. `kind` is `preview`, `live` or empty."""
        presses = self.stopper.presses
        try:
            unfinished = yield from self.under_way.through(work())
            if unfinished and not self.screen.refused:
                yield Update(status=FOLLOWING)
        except StopPressedError:
            cancelled = kind == "live" and self.stopper.presses == presses
            yield Update(status=FOLLOWING if cancelled else STOPPED)
        except CrashError as error:
            yield Update(status=crash(str(error), error.trace))
        except ValueError as error:
            yield self.screen.refuse(error, kind == "preview")

    def _cancel_outdated_live_merge(self, form: Form) -> None:
        """Stop a slow live merge of a recipe that is no longer on the sidebar."""
        try:
            digest = form.recipe().digest()
        except ValueError:
            digest = None
        patience = PATIENCE if digest else 0
        if self.live_digest not in (None, digest) and time.monotonic() > self.live_since + patience:
            self.live_stopper.press()

    def _preview(self, form: Form) -> Generator[Update, None, None]:
        known = self.knows(form)
        if not known:
            yield self.screen.linked(form)  # reading may take a while, and may be stopped
        sketch = yield from self._while_wanted(form, self._read(form))
        yield self.screen.previewed(form, sketch, known)

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

    def _merge(self, form: Form, split: str, state: ScoreState, stopper: Stopper) -> Generator[Update, None, None]:
        what = "Merging and scoring" if self.merge_service.tasks(form) else "Merging"
        watch = Stopwatch("Scoring on test examples" if split == "test" else what)
        run = yield from self.merge_service.merge(form, split, watch, stopper)
        sketch = yield from self.merge_service.sketch(form)
        yield self.screen.merged(run, form, sketch, state, watch.elapsed)

    def _score_pins(self, form: Form) -> Generator[Update, None, None]:
        """Score the pinned recipes beside this form, until another recipe is wanted."""
        is_new = yield from self.pins.score(self.live_stopper, lambda: self.screen.wants(form))
        if is_new:
            sketch = yield from self.merge_service.sketch(form)
            yield self.screen.pins_scored(form, sketch)

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
