"""One visitor's lab: from a form to what the page shows. Plain Python, no widget and no tensor in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from pandas import DataFrame

from mergelab.checkpoints import Suite, list_suites, load_suite
from mergelab.diagnostics import Preview, curves, narrowed, preview
from mergelab.jobs import Worker
from mergelab.recipe import Recipe, RecipeError
from mergelab.scoring import QUICK_ROWS
from mergelab.sketch import Sketch, cut_of, sketch_needs
from mergelab.ui.form import OWN, Form, Models
from mergelab.ui.link import Link, link_of, source_name
from mergelab.ui.looking import Looking
from mergelab.ui.presets import FIRST, presets
from mergelab.ui.results import TaskFace, faces
from mergelab.ui.shelf import CrashError, Recent, RefusalError, Shelf, Stopper, StopPressedError
from mergelab.ui.status import Status, Stopwatch, crash, refusal
from mergelab.ui.view import NOTHING_ASIDE, Cell, Charts, Comparison, Scores, View, tensors_at
from mergelab.ui.words import counted, seconds
from mergelab.workbench import Run

T = TypeVar("T")
LIVE_PARAMETERS = 2_000_000
"""Up to so many parameters a merge with its scores is quick enough to follow every knob."""
PATIENCE = 1.0
"""Seconds after which a live merge is given up when the recipe has moved on; quicker ones may finish."""
SLOTS = ("a", "b")
"""Where recipes can be put aside."""
FIRST_SUITES = ("pixels", "minilm")


@dataclass(frozen=True)
class Settings:
    """How this server was started."""

    device: str = "auto"
    models_dir: str | None = None
    threads: int | None = None


Views = Iterator[View]
FOLLOWING = Status("ready", "Preview follows every knob")
BLOCKED = Status("ready", "Preview only: this cannot be merged here")
STOPPED = Status("stopped", "Stopped. Results so far are kept.")


class Lab:
    """The server's side of the page: settings, the shelf, and one session a visitor."""

    def __init__(self, settings: Settings | None = None, shelf: Shelf | None = None, sessions: int = 500) -> None:
        self.settings = settings or Settings()
        self.shelf = shelf or Shelf(lambda: Worker(threads=self.settings.threads))
        self.sessions: Recent[str, Session] = Recent(sessions)

    def session(self, visitor: str | None) -> Session:
        """The session of that visitor, new at the first visit."""
        return self.sessions.get_or_make(visitor or "", lambda: Session(self))

    def suites(self) -> dict[str, Suite]:
        """The bundled suites, the quickest first."""
        found = list_suites()
        order = [name for name in FIRST_SUITES if name in found]
        return {name: found[name] for name in [*order, *(name for name in found if name not in order)]}

    def opening(self) -> Form:
        """What the page shows before anybody touched it: the first suite, all experts, the first preset."""
        models = Models.of_suite(next(iter(self.suites().values())))
        recipe = presets()[FIRST].recipe
        return Form(models, tuple(models.titles), recipe.method.name, device=self.settings.device, rows=QUICK_ROWS)

    @cached_property
    def _opening_recipe(self) -> Recipe | None:
        return self.opening().recipe() if self.suites() else None

    def link(self, form: Form) -> Link:
        """The link to a form."""
        return link_of(form.recipe(), form.models, self._opening_recipe)

    def warm(self, form: Form, finished: Callable[[View], None]) -> threading.Thread:
        """Compute what the first visitor will see, in the thread returned; `finished` gets the complete view."""

        def work() -> None:
            for view in Session(self).first(form):
                if view.charts and view.scores:
                    finished(replace(view, charts=replace(view.charts, redrawn=True)))

        thread = threading.Thread(target=work, name="mergelab-warm", daemon=True)
        thread.start()
        return thread


class Drawn(NamedTuple):
    """The curves that the page was sent last, and those of the recipe called `name` behind them."""

    front: DataFrame
    back: DataFrame | None
    name: str


@dataclass
class Session:
    """One visitor's state: what the sidebar says, the last recipe shown, the last runs, and the jobs that Stop would end."""

    lab: Lab
    sidebar: list[Any] = field(default_factory=list)
    opened: threading.Event = field(default_factory=threading.Event)
    stopper: Stopper = field(default_factory=Stopper)
    live_stopper: Stopper = field(default_factory=Stopper)
    live_digest: str | None = None
    live_since: float = 0.0
    own: Models | None = None
    owned: dict[str, Models] = field(default_factory=dict)
    merges: int = 0
    shown: Scores | None = None
    tested: Scores | None = None
    wanted: str = ""
    on_screen: Recipe | None = None
    refused: bool = False
    at: Cell | None = None
    pins: dict[str, Form] = field(default_factory=dict)
    drawn: Drawn | None = None
    looking: Looking = field(init=False)

    def __post_init__(self) -> None:
        self.looking = Looking(self.lab.shelf, models_dir=self.lab.settings.models_dir)

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
        suites = {name: Models.of_suite(suite) for name, suite in self.lab.suites().items()}
        return {**suites, **self.owned}

    def take(self, models: Models) -> None:
        """Work on a person's own models from now on; earlier ones stay known, for undo."""
        self.own = self.owned[source_name(models)] = models

    def first(self, form: Form) -> Views:
        """The page at its opening: charts, then scores if the models are small; at once if both are known.

        Nothing where the person was quicker: their charts are on screen already.
        """
        if self.on_screen is not None:
            return
        if not self._scored(form):
            yield from self.preview(form)
        for view in self.live(form):
            yield replace(view, link=self.lab.link(form)) if view.recipe else view

    def knows(self, form: Form) -> bool:
        """Whether the charts of a form, and of what was put aside, are look-ups. Raises ValueError where it is no recipe."""
        return all(self.lab.shelf.sketches.get(_needs(each)) is not None for each in (form, *self.pins.values()))

    def preview(self, form: Form) -> Views:
        """The live charts of a form; reads the models first if this is their first time."""
        self._give_up_live(form)
        return self._guarded(lambda: self._preview(form), "refused")

    def live(self, form: Form) -> Views:
        """Merge and score small models at once; for large ones nothing happens until Merge is pressed."""
        if not self._follows_live(form):
            return
        self.live_digest, self.live_since = form.recipe().digest(), time.monotonic()
        try:
            for view in self._guarded(lambda: self._merge(form, "validation", "live", self.live_stopper), "live"):
                if not self.refused:  # what is wrong with the recipe on the sidebar matters more
                    yield view
            yield from self._guarded(lambda: self._score_aside(form), "live")
        finally:
            self.live_digest = None

    def narrow(self, form: Form, at: Cell | None) -> Views:
        """From now on the charts are of one cell's tensors, or of all."""
        self.at = at
        return self.preview(form)

    def pin(self, form: Form, slot: str) -> Views:
        """Put the recipe of the form aside, as one of the two that are compared."""
        if slot in SLOTS:
            self.pins[slot] = form
        return self.preview(form)

    def unpin(self, form: Form, slot: str) -> Views:
        """Forget the recipe that was put aside there."""
        self.pins.pop(slot, None)
        return self.preview(form)

    def set_scene(self, aside: Form | None, at: Cell | None) -> None:
        """From now on this recipe alone is put aside, and the charts are of that cell."""
        self.pins, self.at = {SLOTS[0]: aside} if aside else {}, at

    def merge(self, form: Form) -> Views:
        """Merge exactly what the form says and score it on validation rows."""
        return self._guarded(lambda: self._merge(form, "validation", "exact"))

    def test(self, form: Form) -> Views:
        """Merge and score on test rows, which knobs must not be chosen by."""
        return self._guarded(lambda: self._merge(form, "test", "exact"))

    def save(self, form: Form, out: str) -> Views:
        """Write the merged model to the new folder `out`, packed as one file."""
        return self._guarded(lambda: self._save(form, out))

    def stop(self) -> View:
        """End this visitor's work."""
        stopped = [each.press() for each in (self.stopper, self.live_stopper, self.looking.stopper)]
        return View(status=STOPPED if any(stopped) else Status("stopped", "Nothing was running."))

    def _guarded(self, work: Callable[[], Views], kind: str = "error") -> Views:
        """The views of some work; however it ends, the last one says so. `kind` is refused for previews."""
        presses = self.stopper.presses
        try:
            yield from work()
        except StopPressedError:
            given_up = kind == "live" and self.stopper.presses == presses
            yield View(status=FOLLOWING if given_up else STOPPED)
        except CrashError as error:
            yield View(status=crash(str(error), error.trace))
        except ValueError as error:
            self.refused = self.refused or kind == "refused"
            yield View(status=refusal(str(error), "refused" if kind == "refused" else "error"))

    def _follows_live(self, form: Form) -> bool:
        """Whether new scores follow every knob: asked for, and the models are small."""
        try:
            sketch = self.lab.shelf.sketches.get(_needs(form))
        except ValueError:
            return False  # the preview of the same form tells the person why
        return form.live and not form.obstacle and sketch is not None and int(sketch.entries.sum()) <= LIVE_PARAMETERS

    def _give_up_live(self, form: Form) -> None:
        """Stop a slow live merge of a recipe that is no longer on the sidebar."""
        try:
            digest = form.recipe().digest()
        except ValueError:
            digest = None
        patience = PATIENCE if digest else 0
        if self.live_digest not in (None, digest) and time.monotonic() > self.live_since + patience:
            self.live_stopper.press()

    def want(self, form: Form) -> View:
        """From now on this form's recipe is the one to show: reading for another one ends. Raises ValueError for none."""
        self.wanted = form.recipe().digest()
        return View(link=self.lab.link(form))

    def _preview(self, form: Form) -> Views:
        recipe, known = form.recipe(), self.knows(form)
        asked = self.want(form)
        if not known:
            yield asked  # reading may take a while, and may be stopped
        sketch = yield from self._while_wanted(recipe, self._read(form, recipe))
        if sketch is None:
            yield View(status=FOLLOWING)  # instead of the progress of what is given up
            return
        link = asked.link
        self.on_screen = recipe
        charts = self._charts(preview(sketch, recipe), form, sketch)
        self.refused = False
        problems = (form.obstacle,) if form.obstacle else ()
        status = replace(BLOCKED if problems else FOLLOWING, kind="preview" if known else "ready", problems=problems)
        unscored = self._forget_scores_of_others(form)
        scores, test = self._aged(recipe, self._follows_live(form))
        yield View(
            status=status, scores=scores, unscored=unscored, test=test, recipe=recipe, link=link, **self._beside(charts, form)
        )  # fmt: skip

    def _charts(self, found: Preview, form: Form, sketch: Sketch) -> Charts:
        """The charts of the cell that is looked at; of all tensors where these models have no such cell."""
        recipe, tensors = form.recipe(), tensors_at(sketch, self.at)
        shown, over = narrowed(found, sketch, tensors), self._curves(recipe, form.models, sketch)
        return Charts(shown, recipe, form.models, sketch, over, self.at if tensors is not None else None)

    def _beside(self, charts: Charts, form: Form) -> dict[str, Any]:
        """The charts on screen, with what was put aside behind and beside them."""
        pinned = {slot: side for slot in SLOTS if (side := self._put_aside(slot))}
        charts = replace(charts, behind=next(iter(pinned.values()), None))
        charts = replace(charts, redrawn=self._other_curves(charts))
        if not pinned:
            return {"charts": charts, "compare": NOTHING_ASIDE}
        sides = tuple(pinned.get(slot, charts) for slot in SLOTS)
        forms = (self.pins[slot] if slot in pinned else form for slot in SLOTS)
        runs = tuple(self.lab.shelf.runs.get(self._run_key(each, "validation")) for each in forms)
        compared = Comparison(sides, tuple(slot in pinned for slot in SLOTS), runs, self._tasks(form))
        return {"charts": charts, "compare": compared}

    def _other_curves(self, charts: Charts) -> bool:
        """Whether these curves are others than the page was sent last: a density's move leaves them as they are."""
        drawn = Drawn(
            charts.curves, charts.behind.curves if charts.behind else None, charts.behind.name if charts.behind else ""
        )
        before, self.drawn = self.drawn, drawn
        return not (before and before.front is drawn.front and before.back is drawn.back and before.name == drawn.name)

    def _while_wanted(self, recipe: Recipe, reading: Generator[View, None, T]) -> Generator[View, None, T | None]:
        """The same reading, given up (None) as soon as another recipe is wanted."""
        try:
            while self.wanted == recipe.digest():
                try:
                    view = next(reading)
                except StopIteration as end:
                    result: T = end.value
                    return result
                yield view
        finally:
            reading.close()
        return None

    def _read(self, form: Form, recipe: Recipe) -> Generator[View, None, Sketch]:
        """The sketch of a recipe, with those of what was put aside at hand."""
        sketch = yield from self._sketch(form, recipe)
        yield from self._read_aside()
        return sketch

    def _read_aside(self) -> Views:
        """Read the models of what was put aside, where their sketch is not at hand."""
        for form in tuple(self.pins.values()):
            try:
                yield from self._sketch(form, form.recipe())
            except RefusalError:
                continue  # they are gone since; the recipe on screen is shown all the same

    def _score_aside(self, form: Form) -> Views:
        """Scores of what was put aside beside this form, of small models; nothing once another recipe is on screen."""
        recipe, missing = (
            form.recipe(),
            [each for each in self.pins.values() if self._follows_live(each) and not self._scored(each)],
        )
        for each in missing:
            if self.on_screen is None or self.on_screen.digest() != recipe.digest():
                return
            yield from self._run(each, "validation", Stopwatch("Scoring the pinned recipe"), self.live_stopper)
        if missing:
            run = self.lab.shelf.runs.get(self._run_key(form, "validation"))
            sketch = yield from self._sketch(form, recipe)
            found = run.preview if run and run.preview.label == "exact" else preview(sketch, recipe)
            shown = self._beside(self._charts(found, form, sketch), form)
            yield View(status=Status("ready", "Exact scores for both recipes"), **shown)

    def _put_aside(self, slot: str) -> Charts | None:
        """The charts of what was put aside there, while its sketch is at hand."""
        form = self.pins.get(slot)
        sketch = None if form is None else self.lab.shelf.sketches.get(_needs(form))
        if form is None or sketch is None:
            return None
        run = self.lab.shelf.runs.get(self._run_key(form, "validation"))
        found = run.preview if run and run.preview.label == "exact" else preview(sketch, form.recipe())
        return self._charts(found, form, sketch)

    def _curves(self, recipe: Recipe, models: Models, sketch: Sketch) -> DataFrame:
        """The curves of the cell that is looked at, from the shelf where only the density has changed."""
        weights = tuple(expert.weight for expert in recipe.models)
        key = (sketch_needs(recipe), models.edition, cut_of(recipe).curves, recipe.method.name, weights, self.at)
        tensors = tensors_at(sketch, self.at)
        return self.lab.shelf.curves.get_or_make(key, lambda: curves(sketch, recipe, tensors))

    def _sketch(self, form: Form, recipe: Recipe) -> Generator[View, None, Sketch]:
        key = _needs(form)
        found = self.lab.shelf.sketches.get(key)
        if found is not None:
            return found
        steps = self.lab.shelf.once(
            self.lab.shelf.sketches, key, Stopwatch("Reading the models", "loading"), self.stopper, "sketch",
            recipe=recipe.to_mapping(), device=form.device, models_dir=self.lab.settings.models_dir,
        )  # fmt: skip
        return (yield from _as_views(steps))

    def _merge(self, form: Form, split: str, state: str, stopper: Stopper | None = None) -> Views:
        recipe, tasks = form.recipe(), self._tasks(form)
        _refuse(form)
        watch = Stopwatch("Scoring on test rows" if split == "test" else "Merging and scoring" if tasks else "Merging")
        run = yield from self._run(form, split, watch, stopper or self.stopper)
        yield self._finished(run, form, tasks, state, watch, (yield from self._sketch(form, recipe)))

    def _run(self, form: Form, split: str, watch: Stopwatch, stopper: Stopper) -> Generator[View, None, Run]:
        steps = self.lab.shelf.once(
            self.lab.shelf.runs, self._run_key(form, split), watch, stopper, "merge",
            recipe=form.recipe().to_mapping(), tasks=list(self._tasks(form)), split=split, rows=form.rows if split == "validation" else None, device=form.device, models_dir=self.lab.settings.models_dir,
        )  # fmt: skip
        return (yield from _as_views(steps))

    def _scored(self, form: Form) -> bool:
        try:
            return self.lab.shelf.runs.get(self._run_key(form, "validation")) is not None
        except ValueError:
            return False  # the preview of the same form tells the person why

    def _run_key(self, form: Form, split: str) -> tuple[str, str, str, int | None, int]:
        return form.recipe().digest(), split, form.device, form.rows, form.models.edition

    def _finished(
        self, run: Run, form: Form, tasks: dict[str, TaskFace], state: str, watch: Stopwatch, sketch: Sketch
    ) -> View:
        recipe = form.recipe()
        overtaken = state == "live" and self.on_screen is not None and self.on_screen.digest() != run.digest
        self.merges += state == "exact" and run.split == "validation"
        scores = Scores(run, form.models, tasks, "updating" if overtaken else state, self.merges)
        if run.split == "test":
            self.tested = scores
            return View(
                status=Status("ready", f"Scored on test rows in {seconds(watch.elapsed)}"),
                test=scores,
                device=run.device,
            )
        self.shown = scores
        if overtaken:
            return View(status=FOLLOWING, scores=scores, device=run.device)
        self.on_screen = recipe
        shown = self._beside(self._charts(run.preview, form, sketch), form) if run.preview.label == "exact" else {}
        done = (
            f"Merge {self.merges} finished in {seconds(watch.elapsed)}"
            if state == "exact"
            else "Exact scores for this recipe"
        )
        return View(status=Status("ready", done), scores=scores, recipe=recipe, device=run.device, **shown)

    def _save(self, form: Form, out: str) -> Views:
        recipe = form.recipe()
        _refuse(form)
        steps = self.lab.shelf.follow(
            Stopwatch("Writing the merged model"), self.stopper, "save",
            recipe=recipe.to_mapping(), out=out, device=form.device, models_dir=self.lab.settings.models_dir, archive=True,
        )  # fmt: skip
        path = yield from _as_views(steps)
        yield View(status=Status("ready", "The merged model is packed: press Download"), saved=str(path))

    def _tasks(self, form: Form) -> dict[str, TaskFace]:
        """The tasks of the chosen experts; none for a person's own models."""
        suites = list_suites()
        if form.models.base not in suites:
            return {}
        return {name: face for name, face in faces(suites[form.models.base]).items() if face.expert in form.chosen}

    def _forget_scores_of_others(self, form: Form) -> str:
        """Without scores of these very models, the sentence that stands in their place."""
        if self.shown and self.shown.models == form.models:
            return ""
        self.shown = None
        tasks = self._tasks(form)
        if not tasks:
            return "No task sets come with these models, so there is nothing to score. Charts and “Keep this model” work all the same."
        if self._follows_live(form):
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


def _refuse(form: Form) -> None:
    if form.obstacle:
        raise RecipeError(form.obstacle)


def _needs(form: Form) -> tuple[str, int]:
    """What a form's sketch depends on; models read anew from the same place count as others."""
    return sketch_needs(form.recipe()), form.models.edition


def _as_views(steps: Generator[Status, None, T]) -> Generator[View, None, T]:
    """The same work, each status wrapped for the page."""
    while True:
        try:
            status = next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
        yield View(status=status)
