"""The Tensor tab: the list, an opened map, its windows, single weights and singular values."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any

import numpy
from numpy.typing import NDArray

from mergelab.analysis.preview import preview
from mergelab.analysis.preview.kept_sums import share
from mergelab.analysis.sketch import Sketch
from mergelab.analysis.tensor_map import FIELDS, Cells, Conflicts, Coordinates, TensorMap, Window
from mergelab.charts import style_of
from mergelab.recipe import Recipe
from mergelab.ui import messages
from mergelab.ui.form.form import Form, Models
from mergelab.ui.form.labels import STEPS, counted

if TYPE_CHECKING:
    from mergelab.analysis.static import TensorSpectrum

SCALE_AT = 99.5
"""The percentile of a map's finest blocks at which the scale of magnitudes ends."""


def tensor_list(sketch: Sketch, recipe: Recipe) -> messages.TensorList:
    """The tensors, those with the most conflicting weights first; tensors without any overlap come last."""
    figures = preview(sketch, recipe).figures
    conflicting, shared = figures.conflicting, figures.overlapping
    order = numpy.lexsort((-numpy.nan_to_num(shared), -numpy.nan_to_num(conflicting)))
    rows = [_tensor_row(sketch, place, conflicting[place], shared[place]) for place in order.tolist()]
    return messages.TensorList(recipe.digest()[:8], rows)


def _tensor_row(sketch: Sketch, place: int, conflicting: float, shared: float) -> messages.TensorRow:
    return messages.TensorRow(
        key=sketch.keys[place],
        shape=sketch.shapes[place],
        entries=int(sketch.entries[place]),
        layer=str(sketch.layers[place]),
        module=str(sketch.modules[place]),
        conflict=_number(float(share(conflicting, shared))),
        shared=round(float(numpy.nan_to_num(shared))),
        conflicting=round(float(numpy.nan_to_num(conflicting))),
    )


def opened_tensor(found: TensorMap, form: Form, follows: bool) -> messages.TensorUpdate:
    """A map as a whole, built for the form's recipe."""
    recipe, grid = form.recipe(), found.grid
    return messages.TensorUpdate(
        key=found.key,
        shape=list(found.shape),
        rows=grid.rows,
        columns=grid.columns,
        entries=grid.count,
        folded=grid.folded,
        side=found.pyramid.side,
        recipe=recipe.digest()[:8],
        rule=recipe.rule.title,
        follows=follows,
        experts=[_expert_style(name, form.models) for name in found.experts],
        most=_scale(found),
        summary=summary(found),
        words=STEPS,
        conflicts=_conflicts(found.conflicts),
    )


def _expert_style(name: str, models: Models) -> messages.ExpertStyle:
    look = style_of(models.places.get(name, 0))
    return messages.ExpertStyle(name, models.titles.get(name, name), look.colour, look.dash)


def _scale(found: TensorMap) -> float:
    """The mean magnitude of the merged change at which the colours end."""
    fields = found.pyramid.fields
    means = fields["change"] / numpy.maximum(fields["entries"], 1)
    return float(numpy.percentile(means, SCALE_AT)) or float(means.max())


def summary(found: TensorMap) -> str:
    """The map in words."""
    totals = {name: float(values.sum(dtype=numpy.float64)) for name, values in found.pyramid.fields.items()}
    count = found.grid.count
    start = f"{found.key}: {counted(count, 'weight')}, {_percent(totals['active'] / count)} of them kept by at least one expert"
    if not totals["overlapping"]:
        return f"{start}; no two experts keep the same one, so nothing conflicts."
    cancelled = 1 - totals["net"] / totals["gross"] if totals["gross"] else 0
    return (
        f"{start}. {_percent(totals['conflicting'] / totals['overlapping'])} of the {totals['overlapping']:,.0f} that two or more "
        f"keep are in conflict; {_percent(cancelled)} of the kept change cancels out when summed."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _conflicts(found: Conflicts) -> messages.ConflictsMessage:
    return messages.ConflictsMessage(
        total=found.total,
        places=found.places.tolist(),
        strengths=found.strengths.tolist(),
        deltas=found.deltas.tolist(),
        kept=(found.kept != 0).tolist(),
        levels=[[_number(level) for level in row] for row in found.levels],
        signs=[_number(sign) for sign in found.signs],
        base=found.base.tolist(),
        merged=found.merged.tolist(),
    )


def map_pair_conflicts(found: Conflicts, key: str, pair: tuple[int, int], recipe: Recipe) -> messages.PairConflicts:
    """The conflicts of a tensor between two experts."""
    return messages.PairConflicts(key, recipe.digest()[:8], pair, _conflicts(found))


def map_cells(cells: Cells, window: Window, recipe: Recipe) -> messages.MapCells:
    """The cells of a window of the map."""
    rows, columns = cells.shape
    return messages.MapCells(
        recipe=recipe.digest()[:8],
        window=messages.MapWindow(window.top, window.left, window.rows, window.columns),
        top=cells.top,
        left=cells.left,
        height=cells.height,
        width=cells.width,
        rows=rows,
        columns=columns,
        fields=messages.CellFields(**{name: _packed(cells.fields[name]) for name in FIELDS}),
    )


def map_coordinates(found: Coordinates, recipe: Recipe) -> messages.MapCoordinates:
    """A window weight by weight."""
    window = found.window
    return messages.MapCoordinates(
        recipe=recipe.digest()[:8],
        top=window.top,
        left=window.left,
        rows=window.rows,
        columns=window.columns,
        dtype=found.dtype,
        base=_packed(found.base),
        merged=_packed(found.merged),
        stages=[_step(**step) for step in found.steps],
        reasons=_reasons(found),
    )


def _reasons(found: Coordinates) -> messages.EncodedReasons:
    told = found.reasons
    return messages.EncodedReasons(
        sentences=list(told.sentences),
        which=_packed(told.which),
        figures={name: _packed(each) for name, each in told.figures.items()},
        words=list(told.words),
        fates=_packed(told.fates),
        details={word: list(texts) for word, texts in told.details.items()},
        levels=_packed(found.levels),
        coefficients=None if told.coefficients is None else _packed(told.coefficients),
    )


def _step(name: str, values: Any, shares: Any = None, signs: Any = None) -> messages.EncodedStep:
    packed = (None if array is None else _packed(array) for array in (shares, signs))
    return messages.EncodedStep(name, _packed(values), *packed)


def render_spectrum(found: TensorSpectrum) -> messages.SpectrumMessage:
    """The singular values, or the reason why there are none."""
    return messages.SpectrumMessage(
        found.key,
        found.reason,
        list(found.names),
        [_number(rank) for rank in found.ranks],
        [numpy.asarray(values).tolist() for values in found.values],
    )


def failure(sentence: str) -> messages.TensorFailure:
    """Why the tensor could not be shown, stamped so that the page notices a second failure of the same kind."""
    return messages.TensorFailure(sentence, time.monotonic())


def _packed(values: NDArray[Any]) -> str:
    kind = "<f4" if values.dtype.kind == "f" else "u1" if values.dtype.itemsize == 1 else "<u4"
    return base64.b64encode(numpy.ascontiguousarray(values, dtype=kind).tobytes()).decode("ascii")


def _number(value: float) -> float | None:
    return None if numpy.isnan(value) else float(value)
