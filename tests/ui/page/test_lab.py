"""The sidebar's widgets as the server keeps them: what each event notes, and what it sends back."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from fastapi import HTTPException
from ui.fake_worker import FakeWorker

from mergelab.ui.form.form import KnobPlace
from mergelab.ui.form.stories import stories
from mergelab.ui.page import lab
from mergelab.ui.page.lab import FORGOTTEN, LabPage
from mergelab.ui.session.job_cache import JobCache
from mergelab.ui.session.server import Lab
from mergelab.ui.session.session import Session

CELL = ("3", "mlp.down")
DENSITY = KnobPlace("method", "ties", "density")
VISIT: Any = SimpleNamespace(session_hash="visitor", query_params={})


@pytest.fixture
def page(tmp_path: Path) -> LabPage:
    async def laid_out() -> LabPage:  # inside a running loop, because Gradio otherwise leaves one of its own unclosed
        with gr.Blocks(analytics_enabled=False):
            return LabPage(Lab(job_cache=JobCache(FakeWorker)), tmp_path, {})  # type: ignore[arg-type]

    return asyncio.run(laid_out())


def step(key: str, scene: dict[str, Any] | None = None) -> Any:
    """What the browser asks for where somebody undoes or redoes."""
    return SimpleNamespace(key=key, scene=scene)


def opened(page: LabPage) -> Session:
    next(page.open(VISIT))
    return page.lab.session("visitor")


def test_before_anything_is_touched_the_session_holds_what_the_page_opens_with(page: LabPage) -> None:
    assert page._form(opened(page)).recipe().digest() == page.lab.opening().recipe().digest()


def test_a_widget_is_noted_alone_and_the_others_stay(page: LabPage) -> None:
    session = opened(page)
    page._set_values(session, {page.controls.knobs[DENSITY]: 0.7, page.controls.seed: 3})
    recipe = page._form(session).recipe()
    assert recipe.method.knobs["density"] == 0.7
    assert (recipe.seed, recipe.method.knobs["scale"]) == (3, 1.0)


def test_a_turned_knob_is_noted_and_answered_with_what_can_be_shown_at_once(page: LabPage) -> None:
    session = opened(page)
    answer = json.loads(page.panel.turned({"visitor": "visitor", "values": {DENSITY.elem_id: 0.7, "seed": 3}}))
    recipe = page._form(session).recipe()
    assert (recipe.method.knobs["density"], recipe.seed) == (0.7, 3)
    assert set(answer) == {"link", "later"}  # the models of this recipe have not been read yet
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
    page.use_preset(VISIT, "paper: DARE+task arithmetic")
    form = page._form(session)
    assert (form.method, form.sparsifier) == ("task_arithmetic", "dare")
    two = list(form.models.titles)[:2]
    updates = page.arrange(VISIT, "ties", "none", two, "cpu")
    assert page._form(session).recipe().method.name == "ties"
    assert page._form(session).chosen == tuple(two)
    assert updates[page.controls.weights[2]]["visible"] is False


def test_what_a_step_back_restores_is_what_the_next_event_merges(page: LabPage) -> None:
    session = opened(page)
    page._set_values(session, {page.controls.knobs[DENSITY]: 0.7})
    session.set_scene({"a": page._form(session)}, CELL)
    updates = page.restore(VISIT, step("suite=pixels&method=ties&density=0.35"))
    assert updates[page.controls.knobs[DENSITY]] == 0.35
    assert page._form(session).recipe().method.knobs["density"] == 0.35
    assert (list(session.pins.forms), session.charting.at) == (["a"], CELL), "an ordinary step leaves them alone"


def test_a_story_tells_what_was_pinned_before_it_and_a_step_back_over_it_pins_that_again(page: LabPage) -> None:
    session, story = opened(page), next(story for story in stories().values() if story.aside)
    session.set_scene({"b": page._form(session)}, CELL)
    told = json.loads(page.use_preset(VISIT, story.title)[page.panel]["story"].partition(" ")[2])  # behind its number
    assert told["pinned"] == {"b": "v=1&suite=pixels&method=ties"}
    assert (told["pins"], session.charting.at) == ({"a": story.aside}, None)
    again = json.loads(page.use_preset(VISIT, story.title)[page.panel]["story"].partition(" ")[2])
    assert again["pinned"] == told["pinned"], "Gradio's lists report one choice twice"
    page.restore(VISIT, step("suite=pixels&method=ties", {"pins": told["pinned"], "at": ":".join(CELL)}))
    assert (session.pinned, session.charting.at) == (told["pinned"], CELL)
    page.restore(VISIT, step(story.query, {"pins": told["pins"], "at": None}))
    assert (session.pinned, session.charting.at) == (told["pins"], None)


def test_who_turns_a_knob_before_the_page_has_opened_is_not_shown_the_opening(page: LabPage) -> None:
    session = page.lab.session("visitor")
    page._set_values(session, {page.controls.knobs[DENSITY]: 0.7})
    views = list(page.open(VISIT))
    assert len(views) == 1
    assert set(views[0]) == {page.panel}
    assert page._form(session).recipe().method.knobs["density"] == 0.7


def test_a_page_that_the_server_forgot_is_told_to_reload_instead_of_getting_other_charts(
    page: LabPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab, "QUICKER", 0.01)
    (view,) = page._views(VISIT, Session.preview)
    assert view.status is not None
    assert view.status.problems == (FORGOTTEN,)
    assert view.charts is None
