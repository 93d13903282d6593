"""One visitor's lab: what each action shows, and what it leaves alone."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from tiny_folders import folders, recipe_for
from ui.fake_worker import form, lab, last, opened, run_of, sketch_of

from mergelab.jobs import Crashed, Finished
from mergelab.jobs.workbench import AdapterArchive, inspection_report
from mergelab.runtime.progress import finish
from mergelab.ui.form.form import OWN, KnobPlace, Models
from mergelab.ui.session import session as session_module

pytestmark = pytest.mark.usefixtures("one_task")
DENSITY = KnobPlace("method", "ties", "density")


def test_the_opening_shows_charts_and_scores_without_a_click() -> None:
    session, _ = opened()
    views = list(session.first(form()))
    assert any(view.charts for view in views)
    assert views[-1].scores is not None
    assert views[-1].scores.state == "live"
    assert views[-1].device == "cpu"


def test_a_known_opening_is_one_view() -> None:
    server, worker = lab()
    list(server.session("visitor").first(form()))
    again = list(server.session("another visitor").first(form()))
    assert len(again) == 1
    assert again[0].charts
    assert again[0].scores
    assert len(worker.named("merge")) == 1


def test_a_knob_moves_charts_from_the_sketch_without_new_work() -> None:
    session, worker = opened()
    list(session.preview(form()))
    view = last(session.preview(form(knobs={DENSITY: 0.9})))
    assert view.charts is not None
    assert [entry.kept for entry in view.charts.legend] == [pytest.approx(0.9, abs=0.02)] * 3
    assert len(worker.calls) == 1


def test_models_read_for_a_recipe_that_was_left_meanwhile_do_not_take_the_screen_back() -> None:
    session, _ = opened()
    list(session.preview(form()))
    other = session.preview(form(chosen=("tiny/a", "tiny/b")))
    assert next(other).charts is None
    assert last(session.preview(form())).charts
    assert all(view.charts is None for view in other)
    assert session.screen.recipe == form().recipe()


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


def test_a_view_of_another_recipe_brings_its_link_even_when_stopped_while_reading() -> None:
    gate = threading.Event()
    session, _ = opened(sketch=lambda: [gate, Finished(sketch_of(form().recipe().to_mapping()))])
    views = session.preview(form(knobs={DENSITY: 0.3}))
    first = next(iter(views))
    assert first.link is not None
    assert first.link.query == "v=1&suite=tiny&method=ties&density=0.3"
    views.close()  # type: ignore[attr-defined]


def test_a_known_opening_brings_its_link_as_well() -> None:
    server, _ = lab()
    assert any([view.link for view in server.session("visitor").first(form())])  # noqa: C419 - to the end, so that all is known
    again = list(server.session("another visitor").first(form()))
    assert [view.link.key for view in again if view.link] == ["v=1&suite=tiny&method=ties"]


def test_earlier_models_of_a_persons_own_stay_known_for_undo() -> None:
    session, _ = opened()
    first, second = (Models.typed("/base", f"/{name}", number) for number, name in enumerate("ab", 1))
    session.sources.take(first)
    session.sources.take(second)
    assert session.sources.named(OWN) is second
    assert (session.sources.all["own-1"], session.sources.all["own-2"]) == (first, second)


def test_an_adapter_is_offered_with_its_error_and_what_it_leaves_out() -> None:
    made = AdapterArchive("/out/lora.zip", 0.25, {"a.bias": "a bias"})
    session, worker = opened(save_adapter=lambda: [Finished(made)])
    update = last(session.save_adapter(form(), "/out/lora", 8))
    assert worker.named("save_adapter")[0]["rank"] == 8
    assert update.status is not None
    assert (update.saved, update.status.detail) == ("/out/lora.zip", "relative error 0.25")
    assert update.findings == ("The adapter leaves out a.bias: a bias",)


def test_the_report_is_written_as_a_page_and_its_figures_are_shown(tmp_path: Path) -> None:
    folders(tmp_path)
    found = finish(inspection_report(recipe_for(tmp_path)))
    session, _ = opened(inspection_report=lambda: [Finished(found)])
    update = last(session.save_report(form(), str(tmp_path / "report.html")))
    assert update.saved == str(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert update.figures is not None
    assert "Each expert's change" in update.figures
