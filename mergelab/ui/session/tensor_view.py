"""One visitor's look into a tensor: its map, windows of it, coordinates, spectrum. Plain Python, no widget in it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy
from numpy.typing import NDArray

from mergelab.analysis.preview import preview
from mergelab.analysis.preview.kept_sums import share
from mergelab.analysis.sketch import Sketch, sketch_needs
from mergelab.analysis.tensor_map import Cells, Coordinates, TensorMap, Window
from mergelab.recipe import RecipeError
from mergelab.runtime.progress import map_progress
from mergelab.ui.form.form import Form, Models
from mergelab.ui.session.job_cache import CrashError, JobCache, Stopper, StopPressedError
from mergelab.ui.session.status import FOLLOWING, Status, Stopwatch, UnderWay, crash

if TYPE_CHECKING:
    from mergelab.analysis.static import TensorSpectrum

MOST_CELLS = (64, 96)
"""Rows and columns of cells that the page paints at once."""
FOLLOWED = 2_000_000, 50_000_000
"""Entries of a tensor, and of its model, up to which a map is quick enough to follow every knob."""
UNNOTICED = 0.4
"""Seconds before work shows in the status strip: quicker work would only make it flicker."""
WAITING = "Waiting for the reader of tensors, which is starting or busy"


@dataclass(frozen=True)
class Tensors:
    """The tensors of a sketch under the recipe `digest` with their share of conflicting entries at the recipe's density, NaN where none overlaps, and
    the number of overlapping ones."""

    digest: str
    sketch: Sketch
    conflict: NDArray[numpy.float64]
    shared: NDArray[numpy.float64]


@dataclass(frozen=True)
class Opened:
    """A map on screen. `digest` is its recipe's, `follows` says whether it is built anew for every recipe by itself."""

    map: TensorMap
    digest: str
    models: Models
    rule: str
    follows: bool
    cells: Cells


@dataclass(frozen=True)
class TensorUpdate:
    """What changes on the tab; None leaves a part as it is.

    `window` is the one that `cells` were asked for, `digest` the recipe of cells and coordinates. `failed` says what went
    wrong, and "" that the work has ended without a result.
    """

    status: Status | None = None
    tensors: Tensors | None = None
    opened: Opened | None = None
    cells: Cells | None = None
    coordinates: Coordinates | None = None
    spectrum: TensorSpectrum | None = None
    window: Window | None = None
    digest: str = ""
    failed: str | None = None


Looks = Iterator[TensorUpdate]


@dataclass
class TensorView:
    """The tensor that one visitor looks at. Another look ends the one before; `stopper` ends the one at hand."""

    job_cache: JobCache
    stopper: Stopper = field(default_factory=Stopper)
    models_dir: str | None = None
    under_way: UnderWay = field(default_factory=UnderWay)
    form: Form | None = None
    key: str = ""
    turn: int = 0

    def tensors(self, form: Form) -> Looks:
        """The list of tensors at this recipe; nothing while its models are being read."""
        try:
            recipe = form.recipe()
        except ValueError:
            return  # the preview of the same form tells the person why
        sketch = self.job_cache.sketches.get((sketch_needs(recipe), form.models.edition))
        if sketch is not None:
            self.job_cache.warm_up()
            figures = preview(sketch, recipe).figures
            yield TensorUpdate(
                tensors=Tensors(
                    recipe.digest(), sketch, share(figures.conflicting, figures.overlapping), figures.overlapping
                )
            )

    def look(self, form: Form, key: str) -> Looks:
        """Open a tensor: its map at this recipe, from the shelf, the cache, or built while statuses tell how far it is."""
        self.turn += 1
        self.stopper.press()
        return self._guarded(lambda: self._look(form, key))

    def cells(self, window: Window) -> Looks:
        """The cells of a window of the map on screen."""

        def work() -> Generator[TensorUpdate, None, None]:
            form, key = self._at_hand()
            found = yield from self._map(form, key)
            cells = found.pyramid.cells(found.grid.clamp(window), *MOST_CELLS)
            yield TensorUpdate(cells=cells, window=window, digest=form.recipe().digest())

        return self._guarded(work)

    def coordinates(self, window: Window) -> Looks:
        """Single coordinates of the tensor on screen, of the recipe that its map was built for."""

        def work() -> Generator[TensorUpdate, None, None]:
            form, key = self._at_hand()
            watch = Stopwatch("Reading coordinates")
            place = (window.top, window.left, window.rows, window.columns)
            found = yield from self._job(form, watch, "coordinates", key=key, window=place)
            yield TensorUpdate(coordinates=found, digest=form.recipe().digest())

        return self._guarded(work)

    def spectrum(self) -> Looks:
        """The singular values of the tensor on screen."""

        def work() -> Generator[TensorUpdate, None, None]:
            form, key = self._at_hand()
            yield TensorUpdate(
                spectrum=(yield from self._job(form, Stopwatch("Decomposing the tensor"), "spectrum", key=key))
            )

        return self._guarded(work)

    def _look(self, form: Form, key: str) -> Generator[TensorUpdate, None, None]:
        recipe = form.recipe()
        if form.blocked_reason:
            raise RecipeError(form.blocked_reason)
        found = yield from self._map(form, key)
        self.form, self.key = form, key
        sketch = self.job_cache.sketches.get((sketch_needs(recipe), form.models.edition))
        parameters = int(sketch.entries.sum()) if sketch is not None else numpy.inf
        follows = found.grid.count <= FOLLOWED[0] and parameters <= FOLLOWED[1]
        cells = found.pyramid.cells(found.grid.whole, *MOST_CELLS)
        opened = Opened(found, recipe.digest(), form.models, recipe.rule.title, follows, cells)
        yield TensorUpdate(opened=opened, window=found.grid.whole, digest=recipe.digest())

    def _map(self, form: Form, key: str) -> Generator[TensorUpdate, None, TensorMap]:
        asked = form.recipe().digest(), form.models.edition, key
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
        return (yield from map_progress(steps, partial(_as_look, watch)))

    def _job(self, form: Form, watch: Stopwatch, function: str, **arguments: Any) -> Generator[TensorUpdate, None, Any]:
        edition = {} if function == "spectrum" else {"edition": form.models.edition}
        steps = self.job_cache.follow(watch, self.stopper, function, **edition, **self._models(form), **arguments)
        return (yield from map_progress(steps, partial(_as_look, watch)))

    def _models(self, form: Form) -> dict[str, Any]:
        return {"recipe": form.recipe().to_mapping(), "device": form.device, "models_dir": self.models_dir}

    def _at_hand(self) -> tuple[Form, str]:
        if self.form is None:
            raise ValueError("No tensor is open: pick one from the list.")
        return self.form, self.key

    def _guarded(self, work: Callable[[], Generator[TensorUpdate, None, None]]) -> Looks:
        """The looks of some work; however it ends, the last one says so and leaves the strip in order."""
        noticed, turn = False, self.turn
        try:
            for look in self.under_way.through(work()):
                noticed = noticed or look.status is not None
                yield look
            if noticed:
                yield TensorUpdate(status=FOLLOWING)
        except StopPressedError:
            if self.turn == turn:  # else another look has taken over the strip
                yield TensorUpdate(status=Status("stopped", "Stopped. What was there before is kept."), failed="")
        except CrashError as error:
            yield TensorUpdate(status=crash(str(error), error.trace), failed=str(error))
        except ValueError as error:
            yield TensorUpdate(status=FOLLOWING if noticed else None, failed=str(error))


def _as_look(watch: Stopwatch, status: Status) -> TensorUpdate | None:
    """A status for the page, once the work has taken a while."""
    if watch.elapsed <= UNNOTICED:
        return None
    return TensorUpdate(status=replace(status, text=WAITING) if status.kind == "queued" else status)
