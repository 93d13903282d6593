"""Whatever an address says, a recipe comes of it, and every change is said in words."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ui.fake_worker import MODELS, form

from mergelab.evaluation.tasks.own import GivenTask
from mergelab.methods import METHODS
from mergelab.methods.knobs import Range
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.ui.form.form import KnobPlace, Models, all_knobs
from mergelab.ui.form.labels import NUMBERS_OF_EXPERTS
from mergelab.ui.form.texts.parsed_link import MOST_NOTES, OwnModels, ParsedLink, PinnedLinks, read_pins, read_query

SOURCES = {"tiny": MODELS, "own-4": Models.typed("/models/base", "/models/one\n/models/two/\nowner/three@main", 4)}
OPENING = form()


def read(query: str) -> ParsedLink:
    return read_query(dict(parse_qsl(query, keep_blank_values=True)), SOURCES, OPENING)


def pins(query: str) -> PinnedLinks:
    return read_pins(dict(parse_qsl(query)), SOURCES, OPENING)


@given(
    st.dictionaries(
        st.sampled_from(
            ["v", "suite", "experts", "method", "sparsify", "density", "scale", "seed", "dtype", "weight.a"]
        )
        | st.text(max_size=8),
        st.text(max_size=12)
        | st.floats().map(str)
        | st.integers().map(str)
        | st.sampled_from([*METHODS, *SPARSIFIERS]),
    )
)
def test_whatever_an_address_says_a_recipe_comes_of_it(query: dict[str, str]) -> None:
    parsed_link = read_query(query, SOURCES, OPENING)
    count = METHODS[parsed_link.form.method].models
    if count in (None, len(parsed_link.form.chosen)):
        parsed_link.form.recipe()
    assert len(parsed_link.notes) <= MOST_NOTES


@pytest.mark.parametrize("place", [place for place, knob in all_knobs().items() if isinstance(knob.domain, Range)])
def test_a_number_that_is_not_valid_goes_to_the_nearest_that_is_and_that_is_said(place: KnobPlace) -> None:
    knob = all_knobs()[place]
    assert isinstance(knob.domain, Range)
    least, most = knob.domain.bounds
    counts = knob.name in NUMBERS_OF_EXPERTS
    prefix = "" if place.owner == "method" else "sparsify."
    stage = f"{place.owner}={place.rule}"
    for beyond, end in (("-1e39", least), ("1e39", 3 if counts else most)):
        parsed_link = read(f"{stage}&{prefix}{place.knob}={beyond}")
        assert parsed_link.form.knobs[place] == end
        assert len(parsed_link.notes) == 1
        assert f"{place.knob} of" in parsed_link.notes[0]
        assert "the link says" in parsed_link.notes[0]


def test_a_link_goes_where_a_slider_does_not() -> None:
    parsed_link = read("method=task_arithmetic&scale=7.5&weight.a=-12")
    assert parsed_link.notes == () and parsed_link.form.knobs[KnobPlace("method", "task_arithmetic", "scale")] == 7.5
    assert -12.0 in parsed_link.form.weights.values()


@pytest.mark.parametrize(
    ("query", "note"),
    [
        ("v=2", "The link is of version “2”, and this page reads version 1: some of it may be lost."),
        ("suite=tinny", "There is no suite “tinny” here, so tiny is used. Did you mean tiny?"),
        ("experts=a,bb", "tiny has no expert “bb”, so it is left out. Did you mean b?"),
        ("experts=", "The link names no known expert, so all are chosen."),
        ("method=stack&slices=a:0-2&density=0.3", "Stack has no setting “density”, so it is ignored."),
        ("method=stack&slices=a:0-2&scale.2=0.5 x", "Stack has no setting “scale.2”, so it is ignored."),
        ("method=tise", "There is no method “tise” here, so ties is used. Did you mean ties?"),
        ("sparsify=drae", "There is no sparsifier “drae” here, so none is used. Did you mean dare?"),
        ("denisty=0.3", "TIES has no setting “denisty”, so it is ignored. Did you mean density?"),
        ("own=0.3", "TIES has no setting “own”, so it is ignored."),
        ("own.density=0.3", "TIES has no setting “own.density”, so it is ignored."),
        ("own.densty.b=0.3", "TIES has no setting “own.densty.b”, so it is ignored. Did you mean own.density.b?"),
        ("weigth.a=2", "TIES has no setting “weigth.a”, so it is ignored. Did you mean weight.a?"),
        ("method=slerp&experts=a,b&scale=2", "SLERP has no setting “scale”, so it is ignored."),
        ("weight.z=2", "TIES has no setting “weight.z”, so it is ignored."),
        ("method=average&density=0.3", "Average has no setting “density”, so it is ignored."),
        ("density=many", "density of TIES must be a number, and the link says “many”, so it is 0.2 here."),
        ("density=nan", "density of TIES must be a number, and the link says “nan”, so it is 0.2 here."),
        ("scope=modle", "scope of TIES has no choice “modle”, so it is model here. Did you mean model?"),
        ("seed=1.5", "seed is 2 here: the link says 1.5, and it must be a whole number from 0 to 9.0072e+15."),
        ("method=average&weight.a=-3", "weight of Expert A is 0 here: the link says -3, and it must be at least 0."),
        ("dtype=float33", "number format has no choice “float33”, so it is base here. Did you mean float32?"),
    ],
)
def test_what_does_not_fit_is_said_with_the_nearest_known_name(query: str, note: str) -> None:
    assert read(query).notes == (note,)


def test_folders_that_are_not_open_here_are_offered_and_nothing_about_their_experts_is_used() -> None:
    asked = read("v=1&base=/models/x&models=/models/y%0A/models/z&experts=2&weight.2=0.5&method=ties&density=0.5")
    assert asked.own == OwnModels("/models/x", "/models/y\n/models/z")
    assert (asked.form.models, asked.form.chosen, asked.notes) == (OPENING.models, OPENING.chosen, ())
    assert asked.form.knobs[KnobPlace("method", "ties", "density")] == 0.5


def test_models_with_other_task_sets_are_offered_and_those_that_were_loaded_last_are_taken() -> None:
    query = "base=/models/base&models=/models/one%0A/models/two/%0Aowner/three@main"
    asked = read(f"{query}&tasks=/rows.csv")
    assert asked.own == OwnModels("/models/base", "/models/one\n/models/two/\nowner/three@main", "/rows.csv")
    first = SOURCES["own-4"]
    later = replace(first, edition=5, task_files=(GivenTask("/rows.csv"),))
    last = replace(first, edition=6)
    sources = {**SOURCES, "own-5": later, "own-6": last}
    for end, models in (("&tasks=/rows.csv", later), ("", last)):
        found = read_query(dict(parse_qsl(query + end)), sources, OPENING)
        assert (found.form.models, found.own) == (models, None)


def test_models_whose_task_sets_are_corrected_otherwise_are_offered_with_the_corrections_of_the_link() -> None:
    query = "base=/models/base&models=/models/one%0A/models/two/%0Aowner/three@main&tasks=/rows.csv"
    said = {"columns": {"text": "remark"}}
    plain = replace(SOURCES["own-4"], edition=5, task_files=(GivenTask("/rows.csv"),))
    corrected = replace(plain, edition=6, task_files=(GivenTask("/rows.csv", said=said),))
    sources = {**SOURCES, "own-5": plain, "own-6": corrected}
    for end, models in (("", plain), ("&task.1.column.text=remark", corrected)):
        assert read_query(dict(parse_qsl(query + end)), sources, OPENING).form.models == models
    other = read_query(dict(parse_qsl(f"{query}&task.1.column.text=mood")), sources, OPENING)
    assert other.own is not None and other.own.corrected == {"/rows.csv": {"columns": {"text": "mood"}}}
    assert other.notes == ()


def test_gradios_own_parameters_are_not_ours_to_judge() -> None:
    assert read("__theme=dark&__lang=en").notes == ()
    assert read("").form.recipe() == OPENING.recipe()


def test_a_long_address_makes_a_short_note() -> None:
    parsed_link = read("&".join(f"nobody{number}={'x' * 500}" for number in range(50)))
    assert len(parsed_link.notes) == MOST_NOTES
    assert parsed_link.notes[-1] == "41 more parts of the link were changed or ignored."
    assert len(read(f"density={'9' * 5000}").notes[0]) < 200


def test_pins_do_not_disturb_the_recipe_of_the_address() -> None:
    assert read("method=ties&a=method:average&b=").notes == ()


def test_pins_of_models_that_are_not_here_are_named_and_left_out() -> None:
    found = pins("a=suite:own-9+method:ties&b=suite:large+method:ties")
    assert found.forms == {}
    own, unknown = found.notes
    assert own.startswith("Pinned recipe A: it is of your own models") and "not pinned" in own
    assert unknown == "Pinned recipe B: there is no suite “large” here, so it is not pinned."


def test_a_wrong_value_in_a_pinned_recipe_is_told() -> None:
    found = pins("b=suite:tiny+method:ties+density:7")
    assert found.notes == ("Pinned recipe B: density of TIES is 1 here: the link says 7, and it must be from 0 to 1.",)
    assert list(found.forms) == ["b"]


def test_a_pinned_recipe_that_cannot_be_is_left_out() -> None:
    found = pins("a=suite:tiny+method:slerp")
    assert found.forms == {} and "not pinned" in found.notes[0]
