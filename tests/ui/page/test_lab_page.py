"""The sidebar's widgets as the server keeps them: what each event notes, and what it sends back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from fastapi import HTTPException
from ui.fake_worker import FakeWorker

from mergelab.evaluation.tasks.own import GivenTask
from mergelab.recipe import Recipe
from mergelab.ui.form.form import KnobPlace, Models
from mergelab.ui.form.stories import stories
from mergelab.ui.messages import OpenRequest, OwnModelsOffer, PinRequest, RestoreRequest, Scene, Status, TravelRequest
from mergelab.ui.page import follow
from mergelab.ui.page.follow import EXPIRED, Follower
from mergelab.ui.page.lab_page import LabPage
from mergelab.ui.page.opening import Opening
from mergelab.ui.page.sidebar.sidebar_events import SidebarEvents
from mergelab.ui.page.sidebar.wiring import PANEL, Call
from mergelab.ui.page.tabs.compare_tab import CompareTab
from mergelab.ui.session.job_cache import JobCache
from mergelab.ui.session.server import Lab
from mergelab.ui.session.session import Session
from mergelab.ui.session.task_sets.task_sets_view import TypedModels
from mergelab.ui.session.update import Update

CELL = ("3", "mlp.down")
DENSITY = KnobPlace("method", "ties", "density")
VISIT = Call("visitor")


@pytest.fixture
def page(tmp_path: Path) -> LabPage:
    async def laid_out() -> LabPage:  # inside a running loop, because Gradio otherwise leaves one of its own unclosed
        with gr.Blocks(analytics_enabled=False):
            return LabPage(Lab(job_cache=JobCache(FakeWorker)), tmp_path, {})  # type: ignore[arg-type]

    return asyncio.run(laid_out())


def step(key: str, scene: Scene | None = None) -> Call:
    """What the browser asks for at undo and redo."""
    return Call("visitor", message=RestoreRequest(key, scene))


def opening(page: LabPage) -> list[dict[str, Any]]:
    """What the page's first event shows, all of it."""
    return list(Opening(page.state, page.downloads).open(VISIT))


def opened(page: LabPage) -> Session:
    next(Opening(page.state, page.downloads).open(VISIT))
    return page.lab.session("visitor")


def turn(page: LabPage, session: Session, density: float) -> None:
    """Turn the density."""
    page.state.set(session, {DENSITY.elem_id: density})


def events(page: LabPage) -> SidebarEvents:
    return SidebarEvents(page.state)


def test_before_anything_is_touched_the_session_holds_what_the_page_opens_with(page: LabPage) -> None:
    assert page.state.form(opened(page)).recipe().digest() == page.lab.opening().recipe().digest()


def test_a_widget_is_noted_alone_and_the_others_stay(page: LabPage) -> None:
    session = opened(page)
    page.state.set(session, {DENSITY.elem_id: 0.7, "seed": 3})
    recipe = page.state.form(session).recipe()
    assert recipe.method.knobs["density"] == 0.7
    assert (recipe.seed, recipe.method.knobs["scale"]) == (3, 1.0)


def test_a_turned_knob_is_noted_and_answered_with_what_can_be_shown_at_once(page: LabPage) -> None:
    session = opened(page)
    answer = json.loads(page.panel.turned({"visitor": "visitor", "values": {DENSITY.elem_id: 0.7, "seed": 3}}))
    recipe = page.state.form(session).recipe()
    assert (recipe.method.knobs["density"], recipe.seed) == (0.7, 3)
    assert set(answer) == {"answer", "link", "later", "varied"}  # the models of this recipe have not been read yet
    assert "density=0.7" in answer["link"]


def test_of_two_texts_the_later_one_has_the_larger_number(page: LabPage) -> None:
    opened(page)
    told = {"visitor": "visitor", "values": {}}
    first, second = (int(json.loads(page.panel.turned(told))["later"].split()[0]) for _ in range(2))
    assert first < second


@pytest.mark.parametrize(
    "told", [None, {"visitor": "visitor"}, {"visitor": "visitor", "values": {"no-such-widget": 1}}]
)
def test_a_turn_of_nothing_that_is_there_is_refused(page: LabPage, told: Any) -> None:
    with pytest.raises(HTTPException, match="values by the elem_id"):
        page.panel.turned(told)


def test_a_preset_and_a_choice_are_noted_with_everything_that_they_set(page: LabPage) -> None:
    session = opened(page)
    events(page).use_preset(Call("visitor", values={"preset": "paper: DARE+task arithmetic"}))
    form = page.state.form(session)
    assert (form.method, form.sparsifier) == ("task_arithmetic", "dare")
    two = list(form.models.titles)[:2]
    chosen = {"method": "ties", "sparsifier": "none", "experts": two, "device": "cpu"}
    updates = events(page).arrange(Call("visitor", values=chosen))
    assert page.state.form(session).recipe().method.name == "ties"
    assert page.state.form(session).chosen == tuple(two)
    assert updates["weight-2"]["visible"] is False


def test_a_task_stays_with_its_expert_when_others_go_and_goes_with_it(page: LabPage) -> None:
    session = opened(page)
    task = "knob-method-emr-task"
    everyone = list(page.state.form(session).models.titles)
    events(page).arrange(Call("visitor", values={"method": "emr", "experts": everyone, task: 3}))
    without_first = events(page).arrange(Call("visitor", values={"experts": everyone[1:]}))
    assert without_first[task]["value"] == 2
    assert page.state.form(session).recipe().method.knobs["task"] == 2
    without_it = events(page).arrange(Call("visitor", values={"experts": [everyone[1], *everyone[3:]]}))
    assert without_it[task]["value"] == 0


def opened_text(page: LabPage, text: str, agreed: bool = False) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the page is told about a recipe, and what becomes of the sidebar."""
    updates = events(page).open_recipe(Call("visitor", message=OpenRequest(text, agreed)))
    return json.loads(updates[PANEL]["opened"].partition(" ")[2]), updates


def test_a_recipe_is_opened_with_its_curve_and_merged_next(page: LabPage) -> None:
    session = opened(page)
    text = "base: pixels\nmodels: [pixels/mnist]\nmethod: {name: ties, density: 0.3}\noverrides: [{match: '', density: [0.1, 0.9]}]\nmatch_norms: tensor\n"
    told, updates = opened_text(page, text)
    assert told["problems"] == told["models"] == []
    assert (updates["experts"]["value"], updates[DENSITY.elem_id], updates["match-norms"]) == (
        ["pixels/mnist"],
        0.3,
        "tensor",
    )
    assert page.state.form(session).recipe() == Recipe.from_yaml(text)


def test_a_recipe_that_is_wrong_changes_nothing_and_is_told_with_its_rule(page: LabPage) -> None:
    before = page.state.form(opened(page))
    told, updates = opened_text(page, "base: pixels\nmodels: [pixels/mnist]\nmethod: {name: ties, densty: 0.3}\n")
    assert "densty" in told["problems"][0]
    assert set(updates) == {PANEL}
    assert page.state.form(page.lab.session("visitor")) == before


def test_models_outside_of_the_suites_are_taken_once_the_person_agrees(page: LabPage) -> None:
    session, text = opened(page), "base: /b\nmodels: [/one, /two]\nmethod: average\n"
    told, updates = opened_text(page, text)
    assert (told["models"], set(updates)) == (["/b", "/one", "/two"], {PANEL})
    told, updates = opened_text(page, text, agreed=True)
    assert (told["models"], updates["own-base"], updates["own-experts"]) == ([], "/b", "/one\n/two")
    assert page.state.form(session).recipe().base == "/b"


def test_a_link_to_own_task_sets_tells_its_progress_and_sets_the_whole_form_last(
    page: LabPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(page)
    linked: list[TypedModels] = []

    def reading(session: Session, models: Models, typed: TypedModels) -> Generator[Update, None, Models]:
        linked.append(typed)
        yield Update(status=Status("loading", "Reading the task sets"))
        given = GivenTask("/rows.csv", said=(typed.linked or {})["/rows.csv"])
        return replace(models, task_files=(given,))

    monkeypatch.setattr(Session, "with_tasks", reading)
    query = "base=/b&models=/one%0A/two&tasks=/rows.csv&task.1.column.text=remark&method=average"
    offer = OwnModelsOffer("/b", "/one\n/two", "/rows.csv", (), query)
    first, last = events(page).open_own(Call("visitor", message=offer))
    assert "Reading the task sets" in first[PANEL]["status"] and "method" not in first
    assert (last["method"], last["own-tasks"], last["experts"]["value"]) == ("average", "/rows.csv", ["/one", "/two"])
    assert [typed.linked for typed in linked] == [{"/rows.csv": {"columns": {"text": "remark"}}}]


def test_a_curve_is_reported_like_a_knob_comes_back_by_undo_and_goes_with_a_preset(page: LabPage) -> None:
    session = opened(page)
    curve = json.dumps([{"match": "", "values": {DENSITY.elem_id: [0.1, 0.9]}}])
    page.panel.turned({"visitor": "visitor", "values": {"layer-entries": curve, "depth-scale": "[1, 0.5]"}})
    recipe = page.state.form(session).recipe()
    assert (recipe.overrides[0].knobs, recipe.depth_scale) == ({"density": (0.1, 0.9)}, (1.0, 0.5))
    key = page.lab.link(page.state.form(session)).key
    events(page).use_preset(Call("visitor", values={"preset": "paper: TIES"}))
    assert page.state.form(session).recipe().overrides == ()
    events(page).restore(step(key))
    assert page.state.form(session).recipe() == recipe


def test_an_experts_own_value_of_a_rule_that_is_not_chosen_survives_a_step_back(page: LabPage) -> None:
    session = opened(page)
    key = page.lab.link(page.state.form(session)).key
    own = json.dumps({"pixels/mnist": {"knob-sparsify-dare-density": 0.5}})
    page.panel.turned({"visitor": "visitor", "values": {"own-knobs": own, DENSITY.elem_id: 0.7}})
    events(page).restore(step(key))
    assert page.state.form(session).own_knobs == {"pixels/mnist": {"knob-sparsify-dare-density": 0.5}}
    page.state.set(session, {"sparsifier": "dare"})
    experts = {expert.model: expert.knobs for expert in page.state.form(session).recipe().models}
    assert experts["pixels/mnist"] == {"sparsify.density": 0.5}


def test_what_a_step_back_restores_is_what_the_next_event_merges(page: LabPage) -> None:
    session = opened(page)
    turn(page, session, 0.7)
    session.set_scene({"a": page.state.form(session)}, CELL)
    updates = events(page).restore(step("suite=pixels&method=ties&density=0.35"))
    assert updates[DENSITY.elem_id] == 0.35
    assert page.state.form(session).recipe().method.knobs["density"] == 0.35
    assert (list(session.pins.forms), session.chart_service.at) == (["a"], CELL), "an ordinary step leaves them alone"


def test_a_story_tells_what_was_pinned_before_it_and_a_step_back_over_it_pins_that_again(page: LabPage) -> None:
    session, story = opened(page), next(story for story in stories().values() if story.aside)
    session.set_scene({"b": page.state.form(session)}, CELL)
    choice = Call("visitor", values={"preset": story.title})
    told = json.loads(events(page).use_preset(choice)[PANEL]["story"].partition(" ")[2])  # behind its number
    assert told["pinned"] == {"b": "v=1&suite=pixels&method=ties"}
    assert (told["pins"], session.chart_service.at) == ({"a": story.aside}, None)
    again = json.loads(events(page).use_preset(choice)[PANEL]["story"].partition(" ")[2])
    assert again["pinned"] == told["pinned"], "Gradio's lists report one choice twice"
    events(page).restore(step("suite=pixels&method=ties", Scene(told["pinned"], ":".join(CELL))))
    assert (session.pinned, session.chart_service.at) == (told["pinned"], CELL)
    events(page).restore(step(story.query, Scene(told["pins"], None)))
    assert (session.pinned, session.chart_service.at) == (told["pins"], None)


def test_who_turns_a_knob_before_the_page_has_opened_is_not_shown_the_opening(page: LabPage) -> None:
    session = page.lab.session("visitor")
    turn(page, session, 0.7)
    shown = opening(page)
    assert len(shown) == 1
    assert set(shown[0]) == {PANEL}
    assert page.state.form(session).recipe().method.knobs["density"] == 0.7


def test_a_page_that_the_server_forgot_is_told_to_reload_instead_of_getting_other_charts(
    page: LabPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "OPENING", 0.01)
    (update,) = Follower(page.state).updates("visitor", Session.preview)
    assert update.status is not None
    assert update.status.problems == (EXPIRED,)
    assert update.charts is None


def test_what_is_pinned_is_what_was_on_the_sidebar_when_the_person_asked(page: LabPage) -> None:
    session = opened(page)
    key = page.lab.link(page.state.form(session)).key
    turn(page, session, 0.7)
    next(CompareTab(Follower(page.state)).pin(Call("visitor", message=PinRequest("a", key))))
    assert session.pinned == {"a": key}
    assert page.state.form(session).recipe().method.knobs["density"] == 0.7


def test_back_and_forward_set_the_recipe_and_what_its_address_pins(page: LabPage) -> None:
    session = opened(page)
    session.set_scene({"b": page.state.form(session)}, None)

    def travel(query: str) -> dict[str, Any]:
        return events(page).travel(Call("visitor", message=TravelRequest(query)))

    travel("suite=pixels&method=ties&density=0.35&a=suite:pixels+method:ties+density:0.4")
    assert page.state.form(session).recipe().method.knobs["density"] == 0.35
    assert session.pinned == {"a": "v=1&suite=pixels&method=ties&density=0.4"}
    gone = travel("suite=pixels&method=ties&a=suite:own-7+method:ties")
    assert "Pinned recipe A: it is of your own models" in gone[PANEL]["notes"]
    travel("")
    assert (session.pinned, page.state.form(session).recipe()) == ({}, page.lab.opening().recipe())


def test_an_address_pins_recipes_and_says_which_it_could_not(page: LabPage) -> None:
    query = {"a": "suite:pixels method:ties density:0.4", "b": "suite:own-7 method:ties"}
    first = next(Opening(page.state, page.downloads).open(Call("visitor", query=query)))
    session = page.lab.session("visitor")
    assert session.pinned == {"a": "v=1&suite=pixels&method=ties&density=0.4"}
    assert "Pinned recipe B: it is of your own models" in first[PANEL]["notes"]
