"""What the page is really sent fits the committed schema: no unknown field and none missing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

import numpy
import pandas
import pytest
from tensor_sessions import session_for
from ui.fake_worker import BASE, EXPERTS, MODELS, FakeWorker, form, lab, opened
from ui.messages.json_schema import problems

from mergelab.analysis.static import TensorSpectrum
from mergelab.analysis.tensor_map import Window, build_map, read_coordinates
from mergelab.jobs import Crashed, Finished
from mergelab.methods import METHODS
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.runtime.progress import finish
from mergelab.ui.form.form import Form, KnobPlace
from mergelab.ui.form.stories import STORIES
from mergelab.ui.messages import EMPTY, PARTS, PanelMessages, Status, decode, encode, parts_of
from mergelab.ui.messages.requests import KnobChanges, PanelEvents
from mergelab.ui.page.panel import complements, defaults, lists
from mergelab.ui.session.job_cache import JobCache
from mergelab.ui.session.render.recipe import ActiveStory, render_story
from mergelab.ui.session.session import Session
from mergelab.ui.session.tensor_view import TensorView
from mergelab.ui.session.update import Update
from mergelab.ui.web import read

pytestmark = pytest.mark.usefixtures("one_task")
SCHEMA = json.loads(read("messages.schema.json"))
KEY = "encoder.layer.0.output.dense.weight"
DENSITY = KnobPlace("method", "ties", "density")


def checked(updates: Iterable[PanelMessages]) -> set[str]:
    """The names of the parts that came, each of which fits the schema."""
    names = set()
    for update in updates:
        for name, part in parts_of(update).items():
            sent = json.loads(encode(part))
            assert problems(sent, SCHEMA["$defs"]["PanelMessages"]["properties"][name], SCHEMA) == [], name
            names.add(name)
    return names


FORMS = {
    **{name: form(method=name, chosen=tuple(MODELS.titles)[: rule.models or 3]) for name, rule in METHODS.items()},
    **{f"{name} first": form(sparsifier=name) for name in SPARSIFIERS},
    "one expert": form(chosen=("tiny/a",)),
    "nothing kept": form(knobs={DENSITY: 0.0}),
    "no expert": form(chosen=()),
}


@pytest.mark.parametrize("asked", FORMS.values(), ids=FORMS)
def test_charts_and_scores_fit_the_schema_for_every_method(asked: Form) -> None:
    session, _ = opened()
    came = checked(session.first(asked)) | checked(session.merge(asked)) | checked(session.test(asked))
    came |= checked(session.narrow(asked, ("1", "mlp.down"))) | checked(session.pin(asked, "b"))
    assert "status" in came
    if asked.chosen:
        assert {"charts", "curves", "compare", "scores", "answer", "link", "home"} <= came


def test_scores_of_each_state_and_a_crash_fit_the_schema() -> None:
    session, worker = opened()
    came = checked(session.preview(form(live=False))) | checked(session.merge(form(live=False)))
    came |= checked(session.preview(form(live=False, knobs={DENSITY: 0.9})))
    worker.scripts["merge"] = lambda: [Crashed("it broke", "trace")]
    came |= checked(session.merge(form(live=False, knobs={DENSITY: 0.9})))
    assert {"scores", "status", "device"} <= came


def test_the_tensor_tab_fits_the_schema() -> None:
    recipe, window = form().recipe().to_mapping(), Window(0, 0, 3, 4)
    spectrum = TensorSpectrum(KEY, 8, 8, ("tiny/a", "merged"), (numpy.ones(8), numpy.zeros(8)), (1.0, numpy.nan))
    desk = session_for(recipe, EXPERTS, BASE)
    reader = FakeWorker(
        tensor_map=lambda: [Finished(finish(build_map(desk, KEY)))],
        coordinates=lambda: [Finished(read_coordinates(desk, KEY, window))],
        spectrum=lambda: [Finished(spectrum)],
        ready=lambda: [Finished(None)],
    )
    view = TensorView(JobCache(FakeWorker, start_reader=lambda: reader))  # type: ignore[arg-type,return-value]
    came = checked(view.cells(window)) | checked(view.look(form(), KEY)) | checked(view.cells(window))
    came |= checked(view.coordinates(window)) | checked(view.spectrum())
    session = Session(view.job_cache, lab()[0].link)
    list(session.preview(form()))
    came |= checked(view.tensors(form()))
    assert came == {"tensors", "tensor", "cells", "coordinates", "spectrum", "unlooked"}


def test_what_the_page_knows_from_the_start_fits_the_schema() -> None:
    known = PanelMessages(complements=complements(), lists=lists(), defaults=defaults(), view=("tab", "at"))
    told = Update(visitor="abc", notes=("a note",), later=1.5, status=Status("ready", "done"))
    stories = [Update(story=render_story(ActiveStory(story, "v=1", 3, {"a": "v=1"}, {}))) for story in STORIES]
    came = checked([known, told, *stories, Update(story=EMPTY, compare=EMPTY)])
    assert came == {
        "complements",
        "lists",
        "defaults",
        "view",
        "visitor",
        "notes",
        "later",
        "status",
        "story",
        "compare",
    }


def test_every_part_is_known_by_name_and_an_update_sends_nothing_else() -> None:
    assert set(PARTS) == {field.name for field in fields(PanelMessages)}
    assert set(PARTS) == set(SCHEMA["$defs"]["PanelMessages"]["properties"])
    assert parts_of(Update(saved="/private/merged.zip", status=Status("ready", "done"))).keys() == {"status"}


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("narrow", {"layer": None, "module": None}),
        ("narrow", {"layer": "3", "module": "mlp.down"}),
        ("pin", {"slot": "a", "key": None}),
        ("unpin", {"slot": "b"}),
        ("restore", {"key": "v=1", "scene": None}),
        ("restore", {"key": "v=1", "scene": {"tab": "lab", "at": None, "pins": {"a": "v=1"}}}),
        ("look", {"tensor": KEY}),
        ("cells", {"window": [0, 0, 8, 8]}),
        ("coordinates", {"window": [1, 2, 3, 4]}),
        ("preview", {}),
    ],
)
def test_what_the_scripts_send_is_understood_and_fits_the_schema(event: str, payload: Mapping[str, Any]) -> None:
    definition = SCHEMA["$defs"]["PanelEvents"]["properties"][event]
    assert problems(payload, definition, SCHEMA) == []
    (kind,) = (field.type for field in fields(PanelEvents) if field.name == event)
    assert decode(getattr(__import__("mergelab.ui.messages", fromlist=[str(kind)]), str(kind)), payload) is not None


@pytest.mark.parametrize(
    "told", [None, {"visitor": "abc"}, {"visitor": 3, "values": {}}, {"visitor": "abc", "values": {}, "more": 1}]
)
def test_a_report_of_turned_knobs_of_another_shape_is_refused(told: object) -> None:
    with pytest.raises(ValueError, match="KnobChanges"):
        decode(KnobChanges, told)


@pytest.mark.parametrize("value", [0.2, 3, True, None, "model", ["tiny/a"], 10**20, ""])
def test_a_widget_may_hold_anything_that_a_person_can_set_or_type(value: object) -> None:
    assert decode(KnobChanges, {"visitor": "abc", "values": {"seed": value}}).values["seed"] == value


def test_arrays_tables_and_what_json_does_not_have_are_written_in_one_place() -> None:
    frame = pandas.DataFrame({"name": ["a"], "share": [numpy.nan]})
    sent = {
        "array": numpy.array([1.0, numpy.nan]),
        "number": numpy.float32(0.5),
        "frame": frame,
        "series": frame["name"],
    }
    assert json.loads(encode(sent)) == {
        "array": [1.0, None],
        "number": 0.5,
        "frame": [{"name": "a", "share": None}],
        "series": ["a"],
    }
    with pytest.raises(TypeError):
        encode({"what": object()})
