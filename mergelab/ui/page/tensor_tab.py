"""The Tensor tab: which event calls what, and the plain data that the page paints."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import gradio as gr
import numpy
from numpy.typing import NDArray

from mergelab.analysis.tensor_map import FIELDS, Conflicts, Coordinates, TensorMap, Window
from mergelab.charts import style_of
from mergelab.ui.form.form import Form, Models
from mergelab.ui.form.labels import STEPS, counted
from mergelab.ui.page.numbered_parts import sent
from mergelab.ui.session.session import Session
from mergelab.ui.session.tensor_view import Looks, Opened, Tensors, TensorUpdate

TENSOR_PARTS = ("tensors", "tensor", "cells", "coordinates", "spectrum", "unlooked")
"""The panel's parts that this tab adds."""
LONGEST_KEY = 500
SCALE_AT = 99.5
"""The percentile of a map's finest blocks at which the scale of magnitudes ends."""

Parts = dict[str, Any]
Follow = Callable[..., Iterator[Any]]


def look_parts(look: TensorUpdate) -> Parts:
    """The panel's parts that a look changes, as JSON."""
    parts = {
        "status": asdict(look.status) if look.status else None,
        "tensors": tensors_data(look.tensors) if look.tensors else None,
        "tensor": opened_data(look.opened) if look.opened else None,
        "cells": cells_data(look) if look.opened or look.cells else None,
        "coordinates": {"recipe": look.digest[:8], **coordinates_data(look.coordinates)} if look.coordinates else None,
        "spectrum": spectrum_data(look.spectrum) if look.spectrum else None,
        "unlooked": None if look.failed is None else {"sentence": look.failed, "at": time.monotonic()},
    }
    return {name: part for name, part in parts.items() if part is not None}


class TensorTab:
    """The handlers of the tab. `session_of` gives a visitor's session, `form_of` the form on its sidebar."""

    def __init__(self, session_of: Callable[[str | None], Session], form_of: Callable[[Session], Form]) -> None:
        self.session_of, self.form_of = session_of, form_of

    def wire(self, panel: gr.HTML, quick: Mapping[str, Any], saying: Mapping[str, Any]) -> None:
        """Attach the tab's events, with the page's options for quick ones and for those that say something."""
        panel.tensors(self.tensors, None, panel, **quick)
        panel.look(self.look, None, panel, **saying)
        panel.cells(self.cells, None, panel, **{**saying, "queue": False})  # a look-up in the page's process
        panel.coordinates(self.coordinates, None, panel, **saying)
        panel.spectrum(self.spectrum, None, panel, **quick)

    def tensors(self, request: gr.Request) -> Iterator[Any]:
        """The list of tensors."""
        yield from self._shown(request, lambda session: session.looking.tensors(self.form_of(session)))

    def look(self, request: gr.Request, event: gr.EventData) -> Iterator[Any]:
        """Open a tensor."""
        key = str(event.tensor)[:LONGEST_KEY]
        yield from self._shown(request, lambda session: session.looking.look(self.form_of(session), key))

    def cells(self, request: gr.Request, event: gr.EventData) -> Any:
        """A window of the map."""
        shown = list(self._shown(request, lambda session: session.looking.cells(_window(event.window))))
        return shown[-1] if shown else gr.skip()

    def coordinates(self, request: gr.Request, event: gr.EventData) -> Iterator[Any]:
        """A window coordinate by coordinate."""
        yield from self._shown(request, lambda session: session.looking.coordinates(_window(event.window)))

    def spectrum(self, request: gr.Request) -> Iterator[Any]:
        """Singular values."""
        yield from self._shown(request, lambda session: session.looking.spectrum())

    def _shown(self, request: gr.Request, work: Callable[[Session], Looks]) -> Iterator[Any]:
        try:
            for look in work(self.session_of(request.session_hash)):
                yield sent(look_parts(look))
        except ValueError:
            return  # the form itself is wrong, and the preview of it tells the person why


def _window(given: Any) -> Window:
    if not isinstance(given, list) or len(given) != 4 or not all(isinstance(each, int) for each in given):
        raise ValueError("a window is four whole numbers: first row, first column, rows, columns")
    return Window(*given)


# ---- data


def tensors_data(tensors: Tensors) -> Parts:
    """The list, strongest conflict first; tensors without any overlap come last."""
    sketch = tensors.sketch
    order = numpy.argsort(-numpy.nan_to_num(tensors.conflict, nan=-1.0), kind="stable")
    return {
        "recipe": tensors.digest[:8],
        "rows": [
            {
                "key": sketch.keys[place],
                "shape": sketch.shapes[place],
                "entries": int(sketch.entries[place]),
                "layer": str(sketch.layers[place]),
                "module": str(sketch.modules[place]),
                "conflict": _number(tensors.conflict[place]),
                "shared": round(numpy.nan_to_num(tensors.shared[place])),
            }
            for place in order.tolist()
        ],
    }


def opened_data(opened: Opened) -> Parts:
    """What is known of a map as a whole."""
    found, models = opened.map, opened.models
    return {
        "key": found.key,
        "shape": list(found.shape),
        "rows": found.grid.rows,
        "columns": found.grid.columns,
        "entries": found.grid.count,
        "folded": found.grid.folded,
        "side": found.pyramid.side,
        "recipe": opened.digest[:8],
        "rule": opened.rule,
        "follows": opened.follows,
        "experts": [_face(name, models) for name in found.experts],
        "most": _scale(found),
        "summary": summary(found),
        "words": STEPS,
        "conflicts": conflicts_data(found.conflicts),
    }


def _face(name: str, models: Models) -> Parts:
    return {"name": name, "title": models.titles.get(name, name), **vars(style_of(models.places.get(name, 0)))}


def _scale(found: TensorMap) -> float:
    """The mean magnitude of the merged change at which the colours end."""
    fields = found.pyramid.fields
    means = fields["change"] / numpy.maximum(fields["entries"], 1)
    return float(numpy.percentile(means, SCALE_AT)) or float(means.max())


def summary(found: TensorMap) -> str:
    """The map in words."""
    totals = {name: float(values.sum(dtype=numpy.float64)) for name, values in found.pyramid.fields.items()}
    start = f"{found.key}: {counted(found.grid.count, 'coordinate')}, {totals['active'] / found.grid.count:.1%} of them kept by at least one expert"
    if not totals["overlapping"]:
        return f"{start}; no two experts keep the same one, so nothing conflicts."
    cancelled = 1 - totals["net"] / totals["gross"] if totals["gross"] else 0
    return (
        f"{start}. {totals['conflicting'] / totals['overlapping']:.1%} of the {totals['overlapping']:,.0f} that two or more keep "
        f"are in conflict; {cancelled:.1%} of all kept magnitude cancels in the sum."
    )


def conflicts_data(conflicts: Conflicts) -> Parts:
    """The table of conflicts, column by column."""
    return {
        "total": conflicts.total,
        "places": conflicts.places.tolist(),
        "strengths": conflicts.strengths.tolist(),
        "deltas": conflicts.deltas.tolist(),
        "kept": (conflicts.kept != 0).tolist(),
        "levels": [[_number(level) for level in row] for row in conflicts.levels],
        "signs": [_number(sign) for sign in conflicts.signs],
        "base": conflicts.base.tolist(),
        "merged": conflicts.merged.tolist(),
    }


def cells_data(look: TensorUpdate) -> Parts:
    """The cells of a look, and the window they were asked for; counts and sums as base64 of little-endian uint32 and
    float32."""
    cells = look.opened.cells if look.opened else look.cells
    assert cells is not None
    rows, columns = cells.shape
    return {
        "recipe": look.digest[:8],
        "window": asdict(look.window) if look.window else None,
        "top": cells.top,
        "left": cells.left,
        "height": cells.height,
        "width": cells.width,
        "rows": rows,
        "columns": columns,
        "fields": {name: _packed(cells.fields[name]) for name in FIELDS},
    }


def coordinates_data(found: Coordinates) -> Parts:
    """Single coordinates; every array as base64 of little-endian float32, experts one after the other."""
    arrays = ("values", "shares", "signs")
    return {
        **asdict(found.window),
        "dtype": found.dtype,
        "base": _packed(found.base),
        "merged": _packed(found.merged),
        "stages": [
            {"name": step["name"], **{name: _packed(step[name]) for name in arrays if name in step}}
            for step in found.steps
        ],
    }


def spectrum_data(found: Any) -> Parts:
    """The chart of singular values, or the reason why there is none."""
    return {
        "key": found.key,
        "reason": found.reason,
        "names": list(found.names),
        "ranks": [_number(rank) for rank in found.ranks],
        "values": [numpy.asarray(values).tolist() for values in found.values],
    }


def _packed(values: NDArray[Any]) -> str:
    kind = "<u4" if values.dtype.kind == "u" else "<f4"
    return base64.b64encode(numpy.ascontiguousarray(values, dtype=kind).tobytes()).decode("ascii")


def _number(value: float) -> float | None:
    return None if numpy.isnan(value) else float(value)
