"""A visitor's events overtake each other: what comes on screen is always of the recipe that the sidebar says by then."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from ui.fake_worker import form, last, opened, run_of

from mergelab.analysis.health import CheckResult, Health
from mergelab.jobs import Finished
from mergelab.runtime.progress import Progress
from mergelab.ui.form.form import Form, KnobPlace
from mergelab.ui.messages import Comparison, HealthMessage
from mergelab.ui.session.score_state import ScoreState
from mergelab.ui.session.session import Session
from mergelab.ui.session.update import Update

pytestmark = pytest.mark.usefixtures("one_task")
DENSITY = KnobPlace("method", "ties", "density")


def at(density: float, **fields: Any) -> Form:
    return form(knobs={DENSITY: density}, **fields)


def digest(density: float) -> str:
    return at(density).recipe().digest()


def page_shows(views: list[Update], part: str) -> Any:
    """What the page shows of a part when all of these have come, in whatever order."""
    return getattr(max((view for view in views if getattr(view, part)), key=lambda view: view.number), part)


def gated(gate: threading.Event, recipe: Form) -> list[Any]:
    """A merge that reports once, and ends when the gate is opened."""
    return [Progress("merge", 1, 2), gate, Finished(run_of(recipe.recipe().to_mapping(), "validation"))]


def test_a_pin_that_a_turned_knob_overtakes_is_shown_with_the_knobs_recipe_alone() -> None:
    session, _ = opened()
    list(session.preview(at(0.2)))
    pinning = session.pin(at(0.2), "a")
    turned = last(session.preview(at(0.5)))
    assert isinstance(turned.compare, Comparison)
    assert [turned.compare.slots.a.title, turned.compare.slots.b.title] == ["TIES · density 0.2", "TIES · density 0.5"]
    assert [(view.charts, view.compare, view.link) for view in pinning] == [(None, None, None)]
    assert session.screen.recipe == at(0.5).recipe()


@pytest.mark.parametrize("live", [True, False])
def test_a_merge_of_a_recipe_that_was_left_meanwhile_leaves_the_charts_and_says_whose_scores_it_has(live: bool) -> None:
    session, _ = opened()
    list(session.preview(at(0.2, live=live)))
    merging = session.merge(at(0.2, live=live))
    list(session.preview(at(0.5, live=live)))
    merged = last(merging)
    assert merged.charts is merged.home is None
    assert merged.status and merged.status.text.startswith("The previous recipe: scored in")
    assert merged.scores and merged.scores.state == ("updating" if live else "outdated")
    assert session.screen.recipe == at(0.5).recipe()
    back = last(session.preview(at(0.2, live=live)))
    assert back.scores and back.scores.state == "measured"


def test_scores_of_a_recipe_that_was_left_do_not_replace_those_of_the_one_on_screen() -> None:
    session, _ = opened()
    list(session.preview(at(0.2)))
    merging = session.merge(at(0.2))
    list(session.preview(at(0.5)))
    own = last(session.live(at(0.5)))
    late = last(merging)
    assert own.scores and own.scores.state == "measured"
    assert late.scores is None and late.charts is None
    assert session.screen.score_state.shown and session.screen.score_state.shown.run.digest == own.scores.digest


@pytest.mark.parametrize("work", [Session.live, Session.merge])
def test_a_knob_turned_in_the_very_moment_in_which_scores_come_in_has_the_last_word(
    monkeypatch: pytest.MonkeyPatch, work: Any
) -> None:
    session, _ = opened()
    views = list(session.preview(at(0.2)))
    turning = threading.Thread(target=lambda: views.extend(session.preview(at(0.5))))
    post = ScoreState.post

    def turned_meanwhile(*given: Any) -> Update:
        if not turning.ident:
            turning.start()
            turning.join(0.3)  # as far as it gets
        return post(*given)

    monkeypatch.setattr(ScoreState, "post", turned_meanwhile)
    views.extend(work(session, at(0.2)))
    turning.join()
    assert session.screen.recipe == at(0.5).recipe()
    assert page_shows(views, "charts").digest == digest(0.5)
    assert page_shows(views, "home").yaml == at(0.5).recipe().to_yaml()
    assert page_shows(views, "scores").state == "updating"
    views.extend(session.live(at(0.5)))
    assert page_shows(views, "charts").label == "exact"
    assert page_shows(views, "scores").digest == digest(0.5)


def test_look_ups_leave_the_strip_to_work_that_is_under_way_whose_end_then_counts() -> None:
    gate = threading.Event()
    session, _ = opened(merge=lambda: gated(gate, at(0.2)))
    list(session.preview(at(0.2)))
    merging = session.merge(at(0.2))
    views = [next(merging)]
    views.append(last(session.preview(at(0.5))))
    assert page_shows(views, "status").kind in ("running", "queued")
    refused, again = last(session.preview(form(chosen=()))), last(session.preview(at(0.5)))
    assert refused.status and refused.status.kind == "refused"
    assert again.status and again.status.kind == "ready", "what was wrong is not any more"
    views.append(last(session.preview(at(0.5))))
    gate.set()
    views.extend(merging)
    assert page_shows(views, "status").text.startswith("The previous recipe: scored in")


def test_scoring_of_pins_that_is_given_up_between_two_leaves_the_strip_in_order() -> None:
    gate = threading.Event()
    session, worker = opened()
    list(session.pin(at(0.3), "a"))
    list(session.pin(at(0.4), "b"))
    list(session.preview(at(0.2)))
    list(session.merge(at(0.2)))
    worker.scripts["merge"] = lambda: gated(gate, at(0.3))
    views = []
    for view in session.live(at(0.2)):
        views.append(view)
        if view.status and view.status.kind == "running":
            list(session.preview(at(0.9)))
            gate.set()
    assert len(worker.named("merge")) == 2, "the second pin was not scored any more"
    assert page_shows(views, "status").kind == "ready"


def test_findings_belong_to_the_models_of_the_last_merge() -> None:
    session, _ = opened()
    assert last(session.merge(at(0.2))).findings == ("a note",)
    assert last(session.preview(at(0.5))).findings is None, "other knobs leave them"
    assert last(session.preview(at(0.5, chosen=("tiny/a", "tiny/b")))).findings == (), "other models take them away"


def examined(recipe: Form, *, unasked: bool = False) -> Finished:
    """The end of a merge that was examined; with `unasked`, a language model that was not asked texts."""
    checks = (CheckResult("unmeasured", "", "Not asked.", name="texts", asks=True),) if unasked else ()
    run = run_of(recipe.recipe().to_mapping(), "validation")
    return Finished(replace(run, health=Health("Healthy as far as measured.", checks)))


def test_the_health_of_a_merge_is_called_out_of_date_beside_another_recipe_and_leaves_with_its_models() -> None:
    before, after = at(0.2, live=False), at(0.5, live=False)
    session, _ = opened(merge=lambda: [examined(before)])
    list(session.preview(before))
    merged = last(session.merge(before)).health
    assert isinstance(merged, HealthMessage) and (merged.chip, merged.verdict) == (
        "measured",
        "Healthy as far as measured.",
    )
    aged = last(session.preview(after)).health
    assert isinstance(aged, HealthMessage) and (aged.chip, aged.about) == (
        "out of date",
        f"Health of recipe {digest(0.2)[:8]}",
    )
    again = last(session.preview(before)).health
    assert isinstance(again, HealthMessage) and again.chip == "measured"
    assert last(session.preview(at(0.5, live=False, chosen=("tiny/a", "tiny/b")))).health == ""


def test_the_health_of_a_merge_that_was_known_already_is_called_out_of_date_too() -> None:
    before, others = at(0.2, live=False), at(0.2, live=False, chosen=("tiny/a", "tiny/b"))
    merges = iter([examined(before), examined(others)])
    session, _ = opened(merge=lambda: [next(merges)])
    list(session.merge(before))
    list(session.preview(others))
    list(session.merge(others))
    list(session.preview(before))
    aged = last(session.preview(at(0.5, live=False))).health
    assert isinstance(aged, HealthMessage) and aged.chip == "out of date"


def test_merge_on_a_scored_recipe_asks_a_language_model_that_live_merges_did_not() -> None:
    asked = Health("Healthy: it was asked.", ())
    session, worker = opened(merge=lambda: [examined(at(0.2), unasked=True)], health=lambda: [Finished(asked)])
    list(session.preview(at(0.2)))
    list(session.live(at(0.2)))
    assert [call["asks"] for call in worker.named("merge")] == [False]
    shown = last(session.merge(at(0.2)))
    assert isinstance(shown.health, HealthMessage) and shown.health.verdict == "Healthy: it was asked."
    assert shown.status and shown.status.kind == "ready"
    list(session.merge(at(0.2)))
    assert len(worker.named("health")) == 1
