"""The tensor that one visitor has opened: its map, windows of it, single weights, singular values."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy

from mergelab.analysis.sketch import sketch_needs
from mergelab.analysis.tensor_map import TensorMap, Window
from mergelab.recipe import RecipeError
from mergelab.runtime.progress import map_progress
from mergelab.ui.form.form import Form
from mergelab.ui.messages import Status
from mergelab.ui.session.job_cache import CrashError, JobCache, Stopper, StopPressedError
from mergelab.ui.session.merge_service import task_files_of
from mergelab.ui.session.render.tensor import (
    failure,
    map_cells,
    map_coordinates,
    map_pair_conflicts,
    opened_tensor,
    render_spectrum,
    tensor_list,
)
from mergelab.ui.session.status import ESTIMATE, Stopwatch, UnderWay, crash
from mergelab.ui.session.update import Update, Updates

MOST_CELLS = (64, 96)
"""How many rows and columns of cells the page paints at most."""
FOLLOWED = 2_000_000, 50_000_000
"""Maps of tensors up to this size, in models up to this size, are rebuilt after every change. Both in entries."""
UNNOTICED = 0.4
"""Seconds before work appears in the status strip; quicker work would make it flicker."""
WAITING = "Waiting for the tensor reader"


@dataclass
class TensorView:
    """One visitor's open tensor. Opening another one ends the work on the one before; `stopper` ends the current work.
    `resting` is what the strip says while nothing is under way."""

    job_cache: JobCache
    stopper: Stopper = field(default_factory=Stopper)
    models_dir: str | None = None
    under_way: UnderWay = field(default_factory=UnderWay)
    resting: Callable[[], Status] = lambda: ESTIMATE
    form: Form | None = None
    key: str = ""
    turn: int = 0

    def tensors(self, form: Form) -> Updates:
        """The list of tensors under this recipe. Empty until the models were read."""
        try:
            recipe = form.recipe()
        except ValueError:
            return  # the preview of the same form gives the reason
        sketch = self.job_cache.sketches.get((sketch_needs(recipe), form.models.edition))
        if sketch is not None:
            self.job_cache.warm_up()
            yield Update(tensors=tensor_list(sketch, recipe))

    def look(self, form: Form, key: str) -> Updates:
        """Open a tensor: its map under this recipe, from the cache, or built while statuses report the progress."""
        self.turn += 1
        self.stopper.press()
        return self._guarded(lambda: self._look(form, key))

    def cells(self, window: Window) -> Updates:
        """A window of the open map as sums over cells."""

        def work() -> Generator[Update, None, None]:
            form, key = self._at_hand()
            found = yield from self._map(form, key)
            cells = found.pyramid.cells(found.grid.clamp(window), *MOST_CELLS)
            yield Update(cells=map_cells(cells, window, form.recipe()))

        return self._guarded(work)

    def coordinates(self, window: Window) -> Updates:
        """A window of the open tensor weight by weight, under the recipe of its map."""

        def work() -> Generator[Update, None, None]:
            form, key = self._at_hand()
            watch = Stopwatch("Reading weights")
            place = (window.top, window.left, window.rows, window.columns)
            found = yield from self._job(form, watch, "coordinates", key=key, window=place)
            yield Update(coordinates=map_coordinates(found, form.recipe()))

        return self._guarded(work)

    def pair_conflicts(self, pair: tuple[int, int]) -> Updates:
        """The largest clashes of the open tensor between two experts, given by their places, under the recipe of its map."""

        def work() -> Generator[Update, None, None]:
            form, key = self._at_hand()
            watch = Stopwatch("Comparing two experts")
            found = yield from self._job(form, watch, "pair_conflicts", key=key, pair=pair)
            yield Update(pair_conflicts=map_pair_conflicts(found, key, pair, form.recipe()))

        return self._guarded(work)

    def spectrum(self) -> Updates:
        """The singular values of the open tensor."""

        def work() -> Generator[Update, None, None]:
            form, key = self._at_hand()
            found = yield from self._job(form, Stopwatch("Decomposing the tensor"), "spectrum", key=key)
            yield Update(spectrum=render_spectrum(found))

        return self._guarded(work)

    def _look(self, form: Form, key: str) -> Generator[Update, None, None]:
        recipe = form.recipe()
        if form.blocked_reason:
            raise RecipeError(form.blocked_reason)
        found = yield from self._map(form, key)
        self.form, self.key = form, key
        sketch = self.job_cache.sketches.get((sketch_needs(recipe), form.models.edition))
        parameters = int(sketch.entries.sum()) if sketch is not None else numpy.inf
        follows = found.grid.count <= FOLLOWED[0] and parameters <= FOLLOWED[1]
        cells = map_cells(found.pyramid.cells(found.grid.whole, *MOST_CELLS), found.grid.whole, recipe)
        yield Update(tensor=opened_tensor(found, form, follows), cells=cells)

    def _map(self, form: Form, key: str) -> Generator[Update, None, TensorMap]:
        asked = form.recipe().digest(), form.models.edition, key, *task_files_of(form).get("task_files", ())
        watch = Stopwatch("Building the map")
        steps = self.job_cache.once(
            self.job_cache.maps,
            asked,
            watch,
            self.stopper,
            "tensor_map",
            key=key,
            edition=form.models.edition,
            **self._models(form),
        )
        return (yield from map_progress(steps, partial(_as_update, watch)))

    def _job(self, form: Form, watch: Stopwatch, function: str, **arguments: Any) -> Generator[Update, None, Any]:
        edition = {} if function == "spectrum" else {"edition": form.models.edition}
        steps = self.job_cache.follow(watch, self.stopper, function, **edition, **self._models(form), **arguments)
        return (yield from map_progress(steps, partial(_as_update, watch)))

    def _models(self, form: Form) -> dict[str, Any]:
        named = {"recipe": form.recipe().to_mapping(), "device": form.device, "models_dir": self.models_dir}
        return {**named, **task_files_of(form)}

    def _at_hand(self) -> tuple[Form, str]:
        if self.form is None:
            raise ValueError("No tensor is open: pick one from the list.")
        return self.form, self.key

    def _guarded(self, work: Callable[[], Generator[Update, None, None]]) -> Updates:
        """The updates of some work. However it ends, the last update says so and leaves the strip in order."""
        noticed, turn = False, self.turn
        try:
            for update in self.under_way.through(work()):
                noticed = noticed or update.status is not None
                yield update
            if noticed:
                yield Update(status=self.resting())
        except StopPressedError:
            if self.turn == turn:  # else another tensor has taken over the strip
                yield Update(status=Status("stopped", "Stopped. The previous map is kept."), unlooked=failure(""))
            elif noticed and not self.under_way:  # the other one may come too quickly to say anything
                yield Update(status=self.resting())
        except CrashError as error:
            yield Update(
                status=crash(str(error), error.trace, "The tensor could not be read"), unlooked=failure(str(error))
            )
        except ValueError as error:
            yield Update(status=self.resting() if noticed else None, unlooked=failure(str(error)))


def _as_update(watch: Stopwatch, status: Status) -> Update | None:
    """The status as an update, once the work has taken a while."""
    if watch.elapsed <= UNNOTICED:
        return None
    return Update(status=replace(status, text=WAITING) if status.kind == "queued" else status)
