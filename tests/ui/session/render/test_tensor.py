"""What the page is sent of a tensor."""

from __future__ import annotations

import base64
import inspect
from typing import Any

import numpy
import pytest
from tensor_sessions import session_of
from ui.fake_worker import form, sketch_of

from mergelab.analysis.tensor_map import Coordinates, TensorMap, Window, build_map, read_coordinates, recipe_steps
from mergelab.runtime.progress import finish
from mergelab.ui.form.form import Form, Models
from mergelab.ui.form.labels import STEPS
from mergelab.ui.messages import MapCells, MapWindow, TensorUpdate, WindowRequest, decode
from mergelab.ui.session.render.tensor import map_cells, map_coordinates, opened_tensor, summary, tensor_list

TIES = {"method": {"name": "ties", "density": 1.0}}
SESSION = session_of(TIES, [[3.0, 1.0, 0.0]], [[-1.0, 2.0, 0.0]])
MODELS = Models("base", {"a": "Expert A", "b": "Expert B"})


FORM = Form(MODELS, ("a", "b"), "ties")
NAME = FORM.recipe().digest()[:8]


def opened(found: TensorMap) -> tuple[TensorUpdate, MapCells]:
    cells = found.pyramid.cells(found.grid.whole, 4, 4)
    return opened_tensor(found, FORM, True), map_cells(cells, found.grid.whole, FORM.recipe())


def floats(text: str) -> list[float]:
    return numpy.frombuffer(base64.b64decode(text), "<f4").tolist()


def test_a_map_is_sent_with_its_cells_its_words_and_its_conflicts() -> None:
    tensor, cells = opened(finish(build_map(SESSION, "w")))
    assert (tensor.rows, tensor.columns, tensor.recipe, tensor.follows) == (1, 3, NAME, True)
    assert [expert.title for expert in tensor.experts] == ["Expert A", "Expert B"]
    assert tensor.conflicts.places == [0]
    assert floats(cells.fields.gross) == [4, 3, 0]
    assert numpy.frombuffer(base64.b64decode(cells.fields.conflicting), "<u4").tolist() == [1, 0, 0]
    assert cells.window == MapWindow(0, 0, 1, 3)


def test_the_map_in_words_tells_what_overlaps_conflicts_and_cancels() -> None:
    assert summary(finish(build_map(SESSION, "w"))) == (
        "w: 3 weights, 66.7 % of them kept by at least one expert. 50.0 % of the 2 that two or more keep are in conflict; "
        "28.6 % of the kept change cancels out when summed."
    )
    assert "nothing conflicts" in summary(finish(build_map(session_of(TIES, [[1.0, 0.0]], [[0.0, 1.0]]), "w")))


def test_coordinates_are_sent_step_by_step() -> None:
    found: Coordinates = read_coordinates(SESSION, "w", Window(0, 0, 1, 2))
    sent = map_coordinates(found, FORM.recipe())
    assert [step.name for step in sent.stages] == ["delta", "trim", "elect"]
    assert floats(sent.stages[0].values) == [3, 1, -1, 2]
    assert sent.stages[2].signs and floats(sent.stages[2].signs) == [1, 1]
    assert floats(sent.merged) == [3, 1.5]


def test_the_reason_of_each_weight_is_sent_with_its_figures() -> None:
    sent = map_coordinates(read_coordinates(SESSION, "w", Window(0, 0, 1, 2)), FORM.recipe()).reasons
    which = numpy.frombuffer(base64.b64decode(sent.which), "u1").tolist()
    assert [sent.sentences[place].split(":")[0] for place in which[:1]] == ["{sign} wins"]
    assert (floats(sent.figures["won"])[0], floats(sent.figures["lost"])[0]) == (3, 1)
    fates = numpy.frombuffer(base64.b64decode(sent.fates), "u1").tolist()
    assert [sent.words[code] for code in fates] == ["", "", "outvoted", ""]
    assert sent.coefficients and floats(sent.coefficients) == [1, 0.5, 0, 0.5]


def test_every_step_has_words() -> None:
    names = {"delta", "drop", "rescale", "match_norms", "trim"}
    assert all(f'StepValues("{name}"' in inspect.getsource(recipe_steps) for name in names)
    assert {*names, "elect", "weigh", "merge"} == set(STEPS)


def test_tensors_are_sorted_by_conflicting_weights_not_by_a_share_of_few() -> None:
    rows = tensor_list(sketch_of(form().recipe().to_mapping()), form().recipe()).rows
    counts = [row.conflicting for row in rows]
    assert counts == sorted(counts, reverse=True)
    for row in rows:
        assert row.conflict == pytest.approx(row.conflicting / row.shared, abs=1 / row.shared)


@pytest.mark.parametrize("given", [None, [1, 2, 3], [0, 0, "1", 1], [0, 0, 1.5, 1], {"top": 0}])
def test_a_window_that_is_not_four_whole_numbers_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match="WindowRequest"):
        decode(WindowRequest, {"window": given})
