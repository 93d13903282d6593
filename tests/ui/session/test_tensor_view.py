"""One visitor's look into a tensor: what each action shows, and whose work it ends."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy
import pytest
from tensor_sessions import session_for
from ui.fake_worker import BASE, EXPERTS, FakeWorker, form, sketch_of

from mergelab.analysis.sketch import sketch_needs
from mergelab.analysis.static import TensorSpectrum
from mergelab.analysis.tensor_map import Coordinates, TensorMap, Window, build_map, conflicts_between, read_coordinates
from mergelab.jobs import Crashed, Finished, Refused
from mergelab.recipe import Recipe
from mergelab.runtime.progress import Progress, finish
from mergelab.ui.form.form import KnobPlace
from mergelab.ui.messages import MapCells, MapWindow
from mergelab.ui.session import tensor_view as looking_module
from mergelab.ui.session.job_cache import JobCache
from mergelab.ui.session.server import Lab
from mergelab.ui.session.tensor_view import TensorView

KEY = "encoder.layer.0.output.dense.weight"
DENSITY = KnobPlace("method", "ties", "density")
SPECTRUM = TensorSpectrum(KEY, 8, 8, ("tiny/a", "merged"), (numpy.ones(8), numpy.zeros(8)), (1.0, numpy.nan))


def entries(cells: MapCells) -> int:
    return int(numpy.frombuffer(base64.b64decode(cells.fields.entries), "<u4").sum())


def built(recipe: Any = None) -> TensorMap:
    return finish(build_map(session_for(recipe or form().recipe().to_mapping(), EXPERTS, BASE), KEY))


def numbers(window: Window) -> Coordinates:
    return read_coordinates(session_for(form().recipe().to_mapping(), EXPERTS, BASE), KEY, window)


def looking(**scripts: Any) -> tuple[TensorView, FakeWorker]:
    """A look whose worker finds the map at once unless `scripts` say otherwise."""
    reader = FakeWorker(**{"tensor_map": lambda: [Finished(built())], **scripts})
    job_cache = JobCache(lambda: pytest.fail("looking used the worker of merges"), start_reader=lambda: reader)  # type: ignore[arg-type,return-value]
    return TensorView(job_cache), reader


def with_sketch(looking: TensorView) -> TensorView:
    recipe = form().recipe()
    looking.job_cache.sketches.put((sketch_needs(recipe), 0), sketch_of(recipe.to_mapping()))
    return looking


def test_the_list_waits_for_the_sketch_and_then_tells_each_tensors_conflict() -> None:
    found, _ = looking(ready=lambda: [Finished(None)])
    assert list(found.tensors(form())) == []
    (look,) = with_sketch(found).tensors(form())
    assert look.tensors is not None
    assert len(look.tensors.rows) == 2
    assert look.tensors.recipe == form().recipe().digest()[:8]


def test_a_tensor_opens_as_a_whole() -> None:
    found, reader = looking()
    look = list(found.look(form(), KEY))[-1]
    assert look.tensor and look.cells
    assert look.cells.window == MapWindow(0, 0, 8, 8)
    assert entries(look.cells) == 64
    assert reader.named("tensor_map")[0]["key"] == KEY


def test_a_map_on_the_shelf_is_not_built_again_and_another_density_is_another_map() -> None:
    found, reader = looking()
    for density in (0.2, 0.2, 0.3):
        list(found.look(form(knobs={DENSITY: density}), KEY))
    assert len(reader.named("tensor_map")) == 2


def test_cells_of_a_window_need_no_worker() -> None:
    found, reader = looking()
    list(found.look(form(), KEY))
    (look,) = found.cells(Window(4, 4, 4, 4))
    assert look.cells is not None
    assert entries(look.cells) == 16
    assert len(reader.calls) == 1


def test_coordinates_are_read_for_the_recipe_of_the_map_on_screen() -> None:
    window = Window(1, 2, 3, 4)
    found, reader = looking(coordinates=lambda: [Finished(numbers(window))])
    list(found.look(form(), KEY))
    (look,) = found.coordinates(window)
    assert look.coordinates is not None
    assert (look.coordinates.rows, look.coordinates.columns) == (3, 4)
    asked = reader.named("coordinates")[0]
    assert (asked["window"], asked["recipe"]) == ((1, 2, 3, 4), form().recipe().to_mapping())


def test_work_that_another_tensor_ended_leaves_no_progress_on_the_strip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking_module, "UNNOTICED", 0.0)
    found, _ = looking(tensor_map=lambda: [Progress("Building the map", 1, 2), threading.Event()])
    first = found.look(form(), KEY)
    assert next(first).status
    found.look(form(), "another")
    assert [look.status.kind for look in first if look.status][-1] == "ready"


def test_a_window_without_an_open_tensor_says_what_to_do() -> None:
    (look,) = looking()[0].cells(Window(0, 0, 1, 1))
    assert look.unlooked and look.unlooked.sentence == "No tensor is open: pick one from the list."


def test_small_tensors_of_small_models_follow_the_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    def follows() -> bool:
        opened = list(with_sketch(looking()[0]).look(form(), KEY))[-1].tensor
        assert opened is not None
        return opened.follows

    assert follows()
    monkeypatch.setattr(looking_module, "FOLLOWED", (63, 1000))
    assert not follows()


def test_long_work_tells_how_far_it_is_and_quick_work_stays_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()

    def kinds() -> Iterator[str]:
        found, _ = looking(tensor_map=lambda: [Progress("Building the map", 1, 2), gate, Finished(built())])
        for look in found.look(form(), KEY):
            gate.set()
            yield look.status.kind if look.status else ""

    gate.set()
    assert list(kinds()) == [""]
    gate.clear()
    monkeypatch.setattr(looking_module, "UNNOTICED", -1)
    assert list(kinds())[-1] == "ready"
    gate.clear()
    assert "running" in list(kinds())


def test_what_is_wrong_is_told_on_the_tab_and_what_was_there_stays() -> None:
    found, reader = looking()
    list(found.look(form(), KEY))
    reader.scripts["tensor_map"] = lambda: [Refused("there is no such tensor")]
    (look,) = found.look(form(), "nothing")
    assert look.unlooked and look.unlooked.sentence == "there is no such tensor"
    assert found.key == KEY


def test_a_crash_shows_its_details_in_the_strip() -> None:
    (look,) = looking(tensor_map=lambda: [Crashed("no memory", "trace")])[0].look(form(), KEY)
    assert look.status and look.unlooked
    assert (look.status.kind, look.status.trace, look.unlooked.sentence) == ("error", "trace", "no memory")


def test_stop_ends_a_look_and_another_look_ends_it_silently() -> None:
    for end, wanted in (("stop", ["stopped"]), ("look", [])):
        gate = threading.Event()
        found, reader = looking(tensor_map=lambda gate=gate: [gate, Finished(built())])
        kinds: list[str] = []

        def watch(found: TensorView = found, kinds: list[str] = kinds) -> None:
            kinds += [look.status.kind for look in found.look(form(), KEY) if look.status]

        thread = threading.Thread(target=watch)
        thread.start()
        while not reader.jobs:
            time.sleep(0.001)  # a loop without a rest would keep the interpreter from the look
        if end == "stop":
            session = Lab(job_cache=found.job_cache).session("visitor")
            session.tensor_view = found
            assert session.stop().status is not None
        else:
            reader.scripts["tensor_map"] = lambda: [Finished(built())]
            list(found.look(form(knobs={DENSITY: 0.9}), KEY))
        thread.join(10)
        assert reader.jobs[0].stopped.is_set()
        assert [kind for kind in kinds if kind not in ("running", "queued")] == wanted


def test_a_recipe_that_cannot_run_is_refused_in_its_own_words() -> None:
    look = list(looking()[0].look(form(chosen=()), KEY))[-1]
    assert look.unlooked and "No expert is chosen" in look.unlooked.sentence


def test_clashes_of_two_experts_are_asked_for_the_tensor_on_screen_and_say_whose_they_are() -> None:
    conflicts = finish(conflicts_between(session_for(form().recipe().to_mapping(), EXPERTS, BASE), KEY, (1, 0)))
    found, reader = looking(pair_conflicts=lambda: [Finished(conflicts)])
    assert [each.unlooked is not None for each in found.pair_conflicts((1, 0))] == [True]
    list(found.look(form(), KEY))
    (look,) = found.pair_conflicts((1, 0))
    assert look.pair_conflicts is not None
    assert (look.pair_conflicts.key, look.pair_conflicts.pair) == (KEY, (1, 0))
    assert look.pair_conflicts.recipe == form().recipe().digest()[:8]
    assert look.pair_conflicts.conflicts.places == conflicts.places.tolist() != []
    assert reader.named("pair_conflicts")[0]["pair"] == (1, 0)


def test_the_spectrum_is_asked_for_the_tensor_on_screen() -> None:
    found, reader = looking(spectrum=lambda: [Finished(SPECTRUM)])
    list(found.look(form(), KEY))
    (look,) = found.spectrum()
    assert look.spectrum and look.spectrum.ranks == [1.0, None]
    assert reader.named("spectrum")[0]["key"] == KEY
    assert numpy.isfinite(found.turn)
    assert Recipe.from_mapping(reader.named("spectrum")[0]["recipe"]) == form().recipe()
