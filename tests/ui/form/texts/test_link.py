"""Recipe to query and back: nothing is lost, nothing wrong passes, and every change is said in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ui.fake_worker import MODELS, form

from mergelab.evaluation.tasks.own import GivenTask
from mergelab.methods import METHODS
from mergelab.methods.knobs import Choice, Domain
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe import DTYPE, SEED
from mergelab.ui.form.form import NO_SPARSIFIER, OWNERS, Form, KnobPlace, Models, all_knobs
from mergelab.ui.form.labels import NUMBERS_OF_EXPERTS
from mergelab.ui.form.texts.link import OWN_MODELS, UPLOADED, VERSION, link_of, pinned_query
from mergelab.ui.form.texts.parsed_link import ParsedLink, PinnedLinks, read_pins, read_query

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


def test_task_sets_given_by_path_are_in_the_link_and_what_it_leaves_out_is_said() -> None:
    columns = {"columns": {"text": "remark"}}
    given = (
        GivenTask("/rows.csv"),
        GivenTask("q.jsonl", "/models/one", columns),
        GivenTask("/up/1/a.csv", folder="/up/1"),
    )
    models = replace(OWN, task_files=given)
    link = link_of(form(models=models, chosen=tuple(OWN.titles)).recipe(), models, OPENING.recipe())
    query = dict(parse_qsl(link.query))
    assert (query["tasks"], query["task.2.column.text"]) == ("/rows.csv\n/models/one=q.jsonl", "remark")
    assert link.note == f"{OWN_MODELS} {UPLOADED}"
    plain = replace(OWN, task_files=given[:1])
    assert link_of(form(models=plain, chosen=tuple(OWN.titles)).recipe(), plain).note == OWN_MODELS


def test_a_choice_of_files_names_experts_as_the_link_does_and_unknown_ones_are_said() -> None:
    chosen = form(file_choices={"tokenizer": "union", "chat_template": "tiny/b"})
    assert link_of(chosen.recipe(), MODELS, OPENING.recipe()).query.endswith("tokenizer=union&chat_template=b")
    assert read("chat_template=b").form.file_choices == {"chat_template": "tiny/b"}
    unknown = read("tokenizer=z")
    assert unknown.form.file_choices == {} and unknown.notes[0].startswith(
        "There is no tokenizer “z” here, so the base’s"
    )


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


@given(st.sampled_from(list(METHODS)).flatmap(forms))
def test_a_complete_link_leaves_out_no_expert_and_no_knob(shown: Form) -> None:
    recipe = shown.recipe()
    key = link_of(recipe, shown.models, recipe, complete=True).key
    told = dict(parse_qsl(key))
    steps = [("", recipe.method), *([("sparsify.", recipe.sparsify)] if recipe.sparsify else [])]
    assert {prefix + knob for prefix, step in steps for knob in step.knobs} <= set(told)
    assert {"suite", "experts", "method", "sparsify", "seed", "dtype"} <= set(told)
    assert read(key).form.recipe() == recipe


def test_a_complete_link_leads_to_the_same_recipe_when_a_default_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe, rule = OPENING.recipe(), METHODS["ties"]
    complete = link_of(recipe, MODELS, recipe, complete=True)
    knobs = tuple(replace(knob, default=0.5) if knob.name == "density" else knob for knob in rule.knobs)
    monkeypatch.setitem(METHODS, "ties", replace(rule, knobs=knobs))  # type: ignore[arg-type]
    assert read(complete.query).form.recipe().method.knobs["density"] == 0.2
    pinned = pins(pinned_query({"a": complete.key})).forms["a"]
    assert pinned.recipe().method.knobs["density"] == 0.2
    assert read("method=ties").form.recipe().method.knobs["density"] == 0.5


def test_a_pinned_recipe_reads_well_in_the_address() -> None:
    assert pinned_query({"a": "v=1&suite=tiny&experts=a,b&method=ties&density=0.4"}) == (
        "a=suite:tiny+experts:a,b+method:ties+density:0.4"
    )
