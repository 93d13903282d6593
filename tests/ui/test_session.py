"""One visitor's lab: what each action shows, and what it leaves alone."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from ui.fake_worker import FakeWorker, form, run_of, sketch_of

from mergelab.jobs import Crashed, Finished
from mergelab.ui import session as session_module
from mergelab.ui.form import OWN, KnobPlace, Models
from mergelab.ui.results import TaskFace
from mergelab.ui.session import Lab, Session
from mergelab.ui.shelf import Shelf
from mergelab.ui.view import Comparison, View

DENSITY = KnobPlace("method", "ties", "density")


def opened(**scripts: Any) -> tuple[Session, FakeWorker]:
    worker = FakeWorker(**scripts)
    session = Lab(shelf=Shelf(lambda: worker)).session("visitor")  # type: ignore[arg-type,return-value]
    return session, worker


@pytest.fixture(autouse=True)
def one_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "_tasks", lambda self, form: {"task-a": TaskFace("Task A", "tiny/a")})


def last(views: Any) -> View:
    return list(views)[-1]


def test_the_opening_shows_charts_and_scores_without_a_click() -> None:
    session, _ = opened()
    views = list(session.first(form()))
    assert any(view.charts for view in views)
    assert views[-1].scores is not None
    assert views[-1].scores.state == "live"
    assert views[-1].device == "cpu"


def test_a_known_opening_is_one_view() -> None:
    session, worker = opened()
    list(session.first(form()))
    again = list(session.lab.session("another visitor").first(form()))
    assert len(again) == 1
    assert again[0].charts
    assert again[0].scores
    assert len(worker.named("merge")) == 1


def test_a_knob_moves_charts_from_the_sketch_without_new_work() -> None:
    session, worker = opened()
    list(session.preview(form()))
    view = last(session.preview(form(knobs={DENSITY: 0.9})))
    assert view.charts is not None
    assert view.charts.preview.experts["kept"].mean() == pytest.approx(0.9, abs=0.02)
    assert len(worker.calls) == 1


def test_models_read_for_a_recipe_that_was_left_meanwhile_do_not_take_the_screen_back() -> None:
    session, _ = opened()
    list(session.preview(form()))
    other = session.preview(form(chosen=("tiny/a", "tiny/b")))
    assert next(other).charts is None
    assert last(session.preview(form())).charts
    assert all(view.charts is None for view in other)
    assert session.on_screen == form().recipe()


def test_curves_are_sent_again_only_when_they_are_others() -> None:
    session, _ = opened()
    sent = [last(session.preview(form(knobs={DENSITY: density}))).charts for density in (0.2, 0.9)]
    assert [charts.redrawn for charts in sent if charts] == [True, False]
    pinned = last(session.pin(form(), "a")).charts
    assert pinned is not None
    assert pinned.redrawn
    other = last(session.preview(form(method="task_arithmetic"))).charts
    assert other is not None
    assert other.redrawn


def test_scores_turn_stale_with_the_recipe_and_exact_again_with_it() -> None:
    session, _ = opened()
    list(session.merge(form(live=False)))
    moved = last(session.preview(form(knobs={DENSITY: 0.9}, live=False)))
    assert moved.scores is not None
    assert moved.scores.state == "stale"
    back = last(session.preview(form(live=False)))
    assert back.scores is not None
    assert back.scores.state == "exact"


def test_scores_on_their_way_are_called_updating() -> None:
    session, _ = opened()
    list(session.first(form()))
    moved = last(session.preview(form(knobs={DENSITY: 0.9})))
    assert moved.scores is not None
    assert moved.scores.state == "updating"


def test_live_scores_follow_small_models_only_and_only_when_asked() -> None:
    session, worker = opened()
    list(session.preview(form()))
    assert list(session.live(form(live=False))) == []
    session_module.LIVE_PARAMETERS, kept = 10, session_module.LIVE_PARAMETERS
    try:
        assert list(session.live(form())) == []
    finally:
        session_module.LIVE_PARAMETERS = kept
    assert worker.named("merge") == []
    assert last(session.live(form())).scores is not None


def test_a_slow_live_merge_is_given_up_when_the_recipe_moves_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "PATIENCE", 0.0)
    session, worker = opened(merge=lambda: [threading.Event(), Finished(None)])
    list(session.preview(form()))
    live = session.live(form())
    next(live)
    list(session.preview(form(knobs={DENSITY: 0.9})))
    assert worker.jobs[-1].stopped.is_set()
    assert last(live).status.kind == "ready"  # type: ignore[union-attr]


def test_what_is_wrong_with_the_recipe_stays_on_screen_while_live_work_ends() -> None:
    gate = threading.Event()
    recipe = form().recipe().to_mapping()
    session, _ = opened(merge=lambda: [gate, Finished(run_of(recipe, "validation"))])
    list(session.preview(form()))
    live = session.live(form())
    next(live)
    refused = last(session.preview(form(chosen=())))
    gate.set()
    assert refused.status is not None
    assert refused.status.kind == "refused"
    assert list(live) == []


def test_no_expert_is_a_sentence_and_the_charts_are_left_alone() -> None:
    session, worker = opened()
    view = last(session.preview(form(chosen=())))
    assert view.charts is None
    assert view.status is not None
    assert view.status.problems == ("No expert is chosen: tick at least one under Experts.",)
    assert worker.calls == []


def test_a_crash_is_told_and_the_lab_goes_on() -> None:
    scripts = iter([[Crashed("it broke", "trace")], [Finished(sketch_of(form().recipe().to_mapping()))]])
    session, _ = opened(sketch=lambda: next(scripts))
    broken = last(session.preview(form()))
    assert broken.status is not None
    assert (broken.status.text, broken.status.trace) == ("Something went wrong", "trace")
    assert last(session.preview(form())).charts is not None


def test_what_cannot_be_merged_here_is_previewed_and_refused_before_any_work() -> None:
    session, worker = opened()
    view = last(session.preview(form(method="fisher")))
    assert view.charts is not None
    assert view.status is not None
    assert view.status.text == "Preview only: this cannot be merged here"
    assert view.status.problems[0].startswith("Fisher needs calibration rows")
    assert list(session.live(form(method="fisher"))) == []
    for refused in (session.merge(form(method="fisher")), session.save(form(method="fisher"), "/private/merged")):
        status = last(refused).status
        assert status is not None
        assert (status.kind, status.problems) == ("error", view.status.problems)
    assert len(worker.calls) == 1  # the sketch
    again = last(session.preview(form()))
    assert again.status is not None
    assert again.status.problems == ()


def test_stop_ends_a_merge_and_keeps_what_is_on_screen() -> None:
    session, worker = opened(merge=lambda: [threading.Event(), Finished(None)])
    merging = session.merge(form())
    next(merging)
    stopped = session.stop()
    assert stopped.status is not None
    assert stopped.status.kind == "stopped"
    view = last(merging)
    assert (view.charts, view.scores) == (None, None)
    assert worker.jobs[-1].stopped.is_set()


def test_test_rows_are_kept_apart_and_do_not_count_as_a_merge() -> None:
    session, worker = opened()
    view = last(session.test(form()))
    assert view.scores is None
    assert view.test is not None
    assert worker.named("merge")[-1]["split"] == "test"
    assert session.merges == 0


def test_merges_are_numbered() -> None:
    session, _ = opened()
    for number, density in enumerate((0.1, 0.3), 1):
        view = last(session.merge(form(knobs={DENSITY: density})))
        assert view.scores is not None
        assert view.scores.number == number


def test_saving_asks_for_an_archive_and_hands_back_its_path() -> None:
    session, worker = opened()
    view = last(session.save(form(), "/private/merged"))
    assert view.saved == "/private/merged.zip"
    assert worker.named("save")[0]["archive"] is True


def test_models_read_again_from_the_same_place_are_sketched_again() -> None:
    session, worker = opened()
    again = form().models.__class__("tiny", form().models.titles, edition=1)
    list(session.preview(form()))
    list(session.preview(form(models=again)))
    assert len(worker.named("sketch")) == 2


def test_visitors_have_sessions_of_their_own_and_share_results() -> None:
    session, worker = opened()
    other = session.lab.session("other")
    list(session.merge(form()))
    list(other.merge(form()))
    assert other is not session
    assert session.lab.session("visitor") is session
    assert len(worker.named("merge")) == 1


def test_scores_of_other_models_are_taken_away() -> None:
    session, _ = opened()
    first = last(session.preview(form(live=False)))
    assert first.unscored.startswith("Not scored yet. Press Merge")
    list(session.merge(form(live=False)))
    assert last(session.preview(form(live=False))).unscored == ""
    others = form().models.__class__("tiny", form().models.titles, edition=1)
    assert last(session.preview(form(models=others))).unscored == "Scores are on their way."


def test_validation_rows_are_limited_as_asked_and_test_rows_never() -> None:
    session, worker = opened()
    list(session.merge(form(rows=200)))
    list(session.test(form(rows=200)))
    assert [call["rows"] for call in worker.named("merge")] == [200, None]


def test_a_view_of_another_recipe_brings_its_link_even_when_stopped_while_reading() -> None:
    gate = threading.Event()
    session, _ = opened(sketch=lambda: [gate, Finished(sketch_of(form().recipe().to_mapping()))])
    views = session.preview(form(knobs={DENSITY: 0.3}))
    first = next(iter(views))
    assert first.link is not None
    assert first.link.query == "v=1&suite=tiny&method=ties&density=0.3"
    views.close()  # type: ignore[attr-defined]


def test_a_known_opening_brings_its_link_as_well() -> None:
    session, _ = opened()
    assert any([view.link for view in session.first(form())])  # noqa: C419 - to the end, so that all is known
    again = list(session.lab.session("another visitor").first(form()))
    assert [view.link.key for view in again if view.link] == ["v=1&suite=tiny&method=ties"]


def test_earlier_models_of_a_persons_own_stay_known_for_undo() -> None:
    session, _ = opened()
    first, second = (Models.typed("/base", f"/{name}", number) for number, name in enumerate("ab", 1))
    session.take(first)
    session.take(second)
    assert session.models(OWN) is second
    assert (session.sources["own-1"], session.sources["own-2"]) == (first, second)


CELL = ("1", "mlp.down")


def test_a_cell_that_is_looked_at_narrows_preview_and_exact_charts_alike() -> None:
    session, worker = opened()
    whole = last(session.first(form()))
    narrowed = last(session.narrow(form(), CELL))
    exact = last(session.live(form()))
    assert whole.charts and narrowed.charts and exact.charts
    assert narrowed.charts.at == exact.charts.at == CELL
    assert (narrowed.charts.preview.label, exact.charts.preview.label) == ("preview", "exact")
    assert narrowed.charts.preview.numbers != whole.charts.preview.numbers
    assert len(worker.calls) == 2, "one sketch and one merge answer for every cell"
    back = last(session.narrow(form(), None))
    assert back.charts and back.charts.at is None


def test_a_cell_that_other_models_do_not_have_is_not_looked_at() -> None:
    session, _ = opened()
    found = last(session.narrow(form(), ("7", "nowhere")))
    assert found.charts and found.charts.at is None and found.charts.tensors is None


def test_a_recipe_that_was_put_aside_stands_behind_and_beside_the_one_on_screen() -> None:
    session, _ = opened()
    assert last(session.preview(form())).compare == ""
    list(session.pin(form(), "a"))
    moved = last(session.preview(form(knobs={DENSITY: 0.9})))
    assert moved.charts and moved.charts.behind
    assert isinstance(moved.compare, Comparison)
    one, other = moved.compare.sides
    assert (one.recipe, other.recipe) == (form().recipe(), form(knobs={DENSITY: 0.9}).recipe())
    assert moved.compare.pinned == (True, False)
    forgotten = last(session.unpin(form(knobs={DENSITY: 0.9}), "a"))
    assert forgotten.compare == "" and forgotten.charts and forgotten.charts.behind is None


def test_both_sides_can_be_put_aside_and_are_narrowed_together() -> None:
    session, _ = opened()
    list(session.pin(form(), "a"))
    list(session.pin(form(knobs={DENSITY: 0.9}), "b"))
    found = last(session.narrow(form(method="average"), CELL))
    assert isinstance(found.compare, Comparison)
    assert [side.at for side in found.compare.sides] == [CELL, CELL]
    assert found.compare.pinned == (True, True)


def test_nothing_is_put_aside_where_there_is_no_place() -> None:
    session, _ = opened()
    assert last(session.pin(form(), "elsewhere")).compare == ""


def test_merges_of_both_sides_bring_their_scores_along() -> None:
    session, _ = opened()
    list(session.merge(form(live=False)))
    list(session.pin(form(live=False), "a"))
    list(session.merge(form(live=False, knobs={DENSITY: 0.9})))
    found = last(session.preview(form(live=False, knobs={DENSITY: 0.9})))
    assert isinstance(found.compare, Comparison)
    assert all(found.compare.runs)
    assert [side.preview.label for side in found.compare.sides] == ["exact", "preview"]
