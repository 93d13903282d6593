"""Recipe to query and back: nothing is lost, nothing wrong passes, and every change is said in words."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ui.fake_worker import MODELS, form

from mergelab.methods import METHODS
from mergelab.methods.knobs import Choice, Domain, Range
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe import DTYPE, SEED
from mergelab.ui.form.form import NO_SPARSIFIER, OWNERS, Form, KnobPlace, Models, all_knobs
from mergelab.ui.form.labels import NUMBERS_OF_EXPERTS
from mergelab.ui.form.texts.link import (
    MOST_NOTES,
    OWN_MODELS,
    VERSION,
    OwnModels,
    ParsedLink,
    PinnedLinks,
    link_of,
    pinned_query,
    read_pins,
    read_query,
)

OWN = Models.typed("/models/base", "/models/one\n/models/two/\nowner/three@main", 4)
SOURCES = {"tiny": MODELS, "own-4": OWN}
OPENING = form()


def read(query: str) -> ParsedLink:
    return read_query(dict(parse_qsl(query, keep_blank_values=True)), SOURCES, OPENING)


def key_of(shown: Form) -> str:
    return link_of(shown.recipe(), shown.models, OPENING.recipe()).key


def values(domain: Domain, experts: int | None = None) -> st.SearchStrategy[Any]:
    if isinstance(domain, Choice):
        return st.sampled_from(domain.options)
    if isinstance(domain.step, int):
        return st.integers(int(domain.low), max(int(domain.low) + 1, experts) if experts else int(domain.high))
    return st.floats(domain.low, domain.high).map(lambda value: value + 0.0)


@st.composite
def forms(draw: st.DrawFn, method: str) -> Form:
    """Any state of the sidebar that a recipe comes of."""
    models = draw(st.sampled_from([MODELS, OWN]))
    references, rule = list(models.titles), METHODS[method]
    size = {"min_size": rule.models or 1, "max_size": rule.models or None}
    chosen = tuple(draw(st.lists(st.sampled_from(references), unique=True, **size)))
    sparsifier = draw(st.sampled_from([NO_SPARSIFIER, *SPARSIFIERS]))
    used = [("method", method)] + ([("sparsify", sparsifier)] if sparsifier in SPARSIFIERS else [])
    knobs = {
        KnobPlace(owner, name, knob.name): draw(
            values(knob.domain, len(chosen) if knob.name in NUMBERS_OF_EXPERTS else None)
        )
        for owner, name in used
        for knob in OWNERS[owner][name].knobs
        if not knob.per_model and draw(st.booleans())
    }
    weights = {reference: draw(values(rule.per_model.domain)) for reference in chosen} if rule.per_model else {}
    offered = {"tokenizer": ["", "base", "union", *chosen], "chat_template": ["", *chosen], "generation_config": [""]}
    files = {name: value for name, among in offered.items() if (value := draw(st.sampled_from(among)))}
    return form(
        file_choices=files,
        models=models,
        chosen=chosen,
        method=method,
        sparsifier=sparsifier,
        knobs=knobs,
        weights=weights,
        seed=draw(values(SEED)),
        dtype=draw(values(DTYPE)),
    )


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
def test_a_recipe_comes_back_whole(method: str, data: st.DataObject) -> None:
    shown = data.draw(forms(method))
    parsed_link = read(key_of(shown))
    assert parsed_link.notes == ()
    assert parsed_link.form.recipe() == shown.recipe()
    assert parsed_link.form.models is shown.models


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


def test_the_opening_state_has_a_clean_address_and_others_say_only_what_differs() -> None:
    link = link_of(OPENING.recipe(), MODELS, OPENING.recipe())
    assert (link.query, link.key) == ("", "v=1&suite=tiny&method=ties")
    turned = form(
        chosen=("tiny/a", "tiny/c"),
        sparsifier="dare",
        weights={"tiny/c": 0.5},
        seed=7,
        knobs={KnobPlace("method", "ties", "density"): 0.35, KnobPlace("sparsify", "dare", "density"): 0.5},
    )
    query = link_of(turned.recipe(), MODELS, OPENING.recipe()).query
    assert query == (
        "v=1&suite=tiny&experts=a,c&method=ties&density=0.35&sparsify=dare&sparsify.density=0.5&seed=7&weight.c=0.5"
    )


def test_a_persons_own_folders_are_in_the_link_and_that_is_said() -> None:
    shown = form(models=OWN, chosen=tuple(OWN.titles)[:2], weights={"/models/one": 0.5}, method="average")
    link = link_of(shown.recipe(), OWN, OPENING.recipe())
    assert "models" not in link.key
    assert dict(parse_qsl(link.query))["models"].split("\n") == list(OWN.titles)
    assert link.note == OWN_MODELS
    for text in (link.key, link.query):
        assert read(text).form.recipe() == shown.recipe()


def test_folders_that_are_not_open_here_are_offered_and_nothing_about_their_experts_is_used() -> None:
    asked = read("v=1&base=/models/x&models=/models/y%0A/models/z&experts=2&weight.2=0.5&method=ties&density=0.5")
    assert asked.own == OwnModels("/models/x", "/models/y\n/models/z")
    assert (asked.form.models, asked.form.chosen, asked.notes) == (OPENING.models, OPENING.chosen, ())
    assert asked.form.knobs[KnobPlace("method", "ties", "density")] == 0.5


def test_a_choice_of_files_names_experts_as_the_link_does_and_unknown_ones_are_said() -> None:
    chosen = form(file_choices={"tokenizer": "union", "chat_template": "tiny/b"})
    assert link_of(chosen.recipe(), MODELS, OPENING.recipe()).query.endswith("tokenizer=union&chat_template=b")
    assert read("chat_template=b").form.file_choices == {"chat_template": "tiny/b"}
    unknown = read("tokenizer=z")
    assert unknown.form.file_choices == {} and unknown.notes[0].startswith(
        "There is no tokenizer “z” here, so the base’s"
    )


def test_gradios_own_parameters_are_not_ours_to_judge() -> None:
    assert read("__theme=dark&__lang=en").notes == ()
    assert read("").form.recipe() == OPENING.recipe()


def test_a_long_address_makes_a_short_note() -> None:
    parsed_link = read("&".join(f"nobody{number}={'x' * 500}" for number in range(50)))
    assert len(parsed_link.notes) == MOST_NOTES
    assert parsed_link.notes[-1] == "41 more parts of the link were changed or ignored."
    assert len(read(f"density={'9' * 5000}").notes[0]) < 200


def test_no_knob_is_called_like_another_part_of_the_query() -> None:
    parts = {"v", "suite", "experts", "method", "sparsify", "seed", "dtype"}
    assert {place.knob for place in all_knobs()} & parts == set()
    assert VERSION == "1"


def test_a_link_to_a_stack_names_its_slices_and_their_factors() -> None:
    shown = form(method="stack", slices="a:0-3\nbase:1-2\n* 0.5 o_proj|down_proj\n* 2 norm\nhead: b", dtype="float16")
    found = link_of(shown.stack(), MODELS, OPENING.recipe())
    expected = "v=1&suite=tiny&method=stack&slices=a:0-3,base:1-2&scale.2=0.5%20o_proj%7Cdown_proj%0A2%20norm&head=b&dtype=float16"
    assert (found.query, found.key, found.note) == (expected, expected, "")
    assert read(found.query).form.stack() == shown.stack()


def test_a_stack_of_own_models_comes_back_by_undo_and_by_its_link() -> None:
    shown = form(models=OWN, method="stack", slices="1:0-2\n3:1-4")
    found = link_of(shown.stack(), OWN, OPENING.recipe())
    assert found.note == OWN_MODELS
    assert read(found.query).form.stack() == shown.stack()
    assert read(found.key).form.stack() == shown.stack()


def pins(query: str) -> PinnedLinks:
    return read_pins(dict(parse_qsl(query)), SOURCES, OPENING)


@given(st.sampled_from(list(METHODS)).flatmap(forms), st.sampled_from(list(METHODS)).flatmap(forms))
def test_pinned_recipes_come_back_from_the_query(one: Form, other: Form) -> None:
    found = pins(pinned_query({"a": key_of(one), "b": key_of(other)}))
    assert found.notes == ()
    assert {slot: key_of(form) for slot, form in found.forms.items()} == {"a": key_of(one), "b": key_of(other)}


def test_a_pinned_recipe_reads_well_in_the_address() -> None:
    assert pinned_query({"a": "v=1&suite=tiny&experts=a,b&method=ties&density=0.4"}) == (
        "a=suite:tiny+experts:a,b+method:ties+density:0.4"
    )


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
