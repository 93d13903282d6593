"""What the page is sent of a tensor."""

from __future__ import annotations

import base64
import inspect
import json
from typing import Any

import numpy
import pytest
from tensor_sessions import session_of

from mergelab.analysis.tensor_map import Coordinates, TensorMap, Window, build_map, read_coordinates, recipe_steps
from mergelab.runtime.progress import finish
from mergelab.ui.form.form import Models
from mergelab.ui.form.labels import STEPS
from mergelab.ui.page.panel import PARTS
from mergelab.ui.page.tensor_tab import TENSOR_PARTS, look_parts, summary
from mergelab.ui.page.tensor_tab import _window as window_of
from mergelab.ui.session.tensor_view import Opened, TensorUpdate

TIES = {"method": {"name": "ties", "density": 1.0}}
SESSION = session_of(TIES, [[3.0, 1.0, 0.0]], [[-1.0, 2.0, 0.0]])
MODELS = Models("base", {"a": "Expert A", "b": "Expert B"})


def opened(found: TensorMap) -> TensorUpdate:
    cells = found.pyramid.cells(found.grid.whole, 4, 4)
    return TensorUpdate(
        opened=Opened(found, "0123456789", MODELS, "TIES", True, cells), window=found.grid.whole, digest="0123456789"
    )


def floats(text: str) -> list[float]:
    return numpy.frombuffer(base64.b64decode(text), "<f4").tolist()


def test_a_map_is_sent_with_its_cells_its_words_and_its_conflicts() -> None:
    parts = look_parts(opened(finish(build_map(SESSION, "w"))))
    assert set(parts) == {"tensor", "cells"}
    tensor, cells = parts["tensor"], parts["cells"]
    assert (tensor["rows"], tensor["columns"], tensor["recipe"], tensor["follows"]) == (1, 3, "01234567", True)
    assert [expert["title"] for expert in tensor["experts"]] == ["Expert A", "Expert B"]
    assert tensor["conflicts"]["places"] == [0]
    assert floats(cells["fields"]["gross"]) == [4, 3, 0]
    assert numpy.frombuffer(base64.b64decode(cells["fields"]["conflicting"]), "<u4").tolist() == [1, 0, 0]
    assert cells["window"] == {"top": 0, "left": 0, "rows": 1, "columns": 3}
    json.dumps(parts, allow_nan=False)


def test_the_map_in_words_tells_what_overlaps_conflicts_and_cancels() -> None:
    assert summary(finish(build_map(SESSION, "w"))) == (
        "w: 3 coordinates, 66.7% of them kept by at least one expert. 50.0% of the 2 that two or more keep are in conflict; "
        "28.6% of all kept magnitude cancels in the sum."
    )
    assert "nothing conflicts" in summary(finish(build_map(session_of(TIES, [[1.0, 0.0]], [[0.0, 1.0]]), "w")))


def test_coordinates_are_sent_step_by_step() -> None:
    found: Coordinates = read_coordinates(SESSION, "w", Window(0, 0, 1, 2))
    sent = look_parts(TensorUpdate(coordinates=found, digest="0123456789"))["coordinates"]
    assert [step["name"] for step in sent["stages"]] == ["delta", "trim", "elect"]
    assert floats(sent["stages"][0]["values"]) == [3, 1, -1, 2]
    assert floats(sent["stages"][2]["signs"]) == [1, 1]
    assert floats(sent["merged"]) == [3, 1.5]


def test_every_step_has_words() -> None:
    names = {"delta", "drop", "rescale", "match_norms", "trim", "elect", "weigh"}
    assert names | {"merge"} == set(STEPS)
    assert all(f'Step("{name}"' in inspect.getsource(recipe_steps) for name in names)


@pytest.mark.parametrize("given", [None, [1, 2, 3], [0, 0, "1", 1], [0, 0, 1.5, 1], {"top": 0}])
def test_a_window_that_is_not_four_whole_numbers_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match="four whole numbers"):
        window_of(given)


def test_the_panel_knows_all_parts_of_the_tab() -> None:
    assert set(TENSOR_PARTS) <= set(PARTS)
