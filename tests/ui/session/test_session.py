"""One visitor's lab: what each action shows, and what it leaves alone."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tiny_folders import folders, recipe_for
from ui.fake_worker import FakeWorker, form, lab, last, opened, run_of, sketch_of

from mergelab.jobs import Crashed, Finished, Refused, Stopped
from mergelab.jobs.stack_job import StackFacts
from mergelab.jobs.workbench import AdapterArchive, MergeScores, inspection_report
from mergelab.runtime.progress import Partial, Progress, finish
from mergelab.ui.form.form import OWN, KnobPlace, Models
from mergelab.ui.messages import Status
from mergelab.ui.session import session as session_module
from mergelab.ui.session.merge_service import MergeService
from mergelab.ui.session.queueing.job_limits import PER_VISITOR
from mergelab.ui.session.session import Session
from mergelab.ui.session.task_sets.task_sets_view import TaskSetsView
from mergelab.ui.session.update import Update

pytestmark = pytest.mark.usefixtures("one_task")
DENSITY = KnobPlace("method", "ties", "density")


def test_the_opening_shows_charts_and_scores_without_a_click() -> None:
    session, _ = opened()
    views = list(session.first(form()))
    assert any(view.charts for view in views)
    assert views[-1].scores is not None
    assert views[-1].scores.state == "measured"
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


@pytest.mark.parametrize("complete", [True, False])
def test_a_quick_live_merge_is_given_up_when_the_recipe_moves_on_only_once_its_scores_are_there(
    monkeypatch: pytest.MonkeyPatch, complete: bool
) -> None:
    monkeypatch.setattr(session_module, "PATIENCE", 1000.0)
    gate, run = threading.Event(), run_of(form().recipe().to_mapping(), "validation")
    scores = MergeScores(
        run.recipe, run.digest, run.scores, run.references, "validation", "cpu", 128, (), True, complete
    )
    session, worker = opened(merge=lambda: [Partial(scores), gate, Finished(run)])
    list(session.preview(form()))
    live = session.live(form())
    while not (update := next(live)).scores:
        pass
    list(session.preview(form(knobs={DENSITY: 0.9})))
    assert worker.jobs[-1].stopped.is_set() is complete
    gate.set()
    assert last(live).status.kind == "ready"  # type: ignore[union-attr]
    assert update.scores.state == ("measured" if complete else "scoring")


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


def test_a_look_at_task_sets_ends_with_the_resting_status() -> None:
    session, _ = opened()
    list(session.preview(form()))
    assert last(session.look_at_tasks(reading)).status == session.screen.resting()


def test_a_look_at_task_sets_beside_a_refused_recipe_ends_with_the_reason() -> None:
    session, _ = opened()
    refused = last(session.preview(form(chosen=()))).status
    assert refused is not None and refused.problems
    assert last(session.look_at_tasks(reading)).status == refused


def reading(_: TaskSetsView) -> Generator[Update, None, None]:
    yield Update(status=Status("loading", "Reading the task sets"))
    yield Update()


def test_why_a_press_was_refused_stays_on_screen_while_live_work_goes_on_and_ends() -> None:
    gate = threading.Event()
    recipe = form().recipe().to_mapping()
    session, _ = opened(merge=lambda: [Progress("merge", 1, 2), gate, Finished(run_of(recipe, "validation"))])
    list(session.preview(form()))
    live = session.live(form())
    next(live)
    refused = last(session.merge(form(method="fisher"))).status
    gate.set()
    assert refused is not None
    assert refused.problems
    assert {update.status.problems for update in live if update.status} == {refused.problems}
    turned = last(session.preview(form())).status
    assert turned is None or turned.problems == ()


def test_no_expert_is_a_sentence_and_the_charts_are_left_alone() -> None:
    session, worker = opened()
    view = last(session.preview(form(chosen=())))
    assert view.charts is None
    assert view.status is not None
    assert view.status.problems == ("No expert is chosen: tick at least one under Fine-tuned models.",)
    assert worker.calls == []


def test_a_crash_is_told_and_the_lab_goes_on() -> None:
    scripts = iter([[Crashed("it broke", "trace")], [Finished(sketch_of(form().recipe().to_mapping()))]])
    session, _ = opened(sketch=lambda: next(scripts))
    broken = last(session.preview(form()))
    assert broken.status is not None
    assert (broken.status.text, broken.status.trace) == ("The models could not be read", "trace")
    assert last(session.preview(form())).charts is not None


def test_what_cannot_be_merged_here_is_previewed_and_refused_before_any_work() -> None:
    session, worker = opened()
    view = last(session.preview(form(method="fisher")))
    assert view.charts is not None
    assert view.status is not None
    assert view.status.text == "Estimate only: this recipe cannot be merged here"
    assert view.status.problems[0].startswith("Fisher needs calibration examples")
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
    list(session.preview(form()))
    merging = session.merge(form())
    next(merging)
    stopped = session.stop()
    assert stopped.status is not None
    assert (stopped.status.kind, stopped.status.text) == ("stopped", "Stopped. Nothing was scored.")
    view = last(merging)
    assert (view.charts, view.scores) == (None, None)
    assert worker.jobs[-1].stopped.is_set()


def stopped_live() -> tuple[Session, FakeWorker]:
    """A visitor who stopped the live merge of the recipe on the sidebar."""
    session, worker = opened(merge=lambda: [threading.Event(), Finished(None)])
    list(session.preview(form()))
    live = session.live(form())
    next(live)
    session.stop()
    list(live)
    del worker.scripts["merge"]
    return session, worker


def test_nothing_begins_by_itself_after_stop_until_something_changes() -> None:
    session, worker = stopped_live()
    unchanged = last(session.preview(form()))  # as after a box that loses the focus
    assert unchanged.status is None, "the strip goes on saying that it was stopped"
    assert unchanged.scores is None
    assert list(session.live(form())) == []
    assert session.rests
    assert len(worker.named("merge")) == 1
    list(session.preview(form(knobs={DENSITY: 0.9})))
    assert not session.rests
    assert last(session.live(form(knobs={DENSITY: 0.9}))).scores is not None
    list(session.preview(form()))
    assert last(session.live(form())).scores is not None, "another recipe came in between"


def test_merge_after_stop_merges_the_same_recipe() -> None:
    session, _ = stopped_live()
    merged = last(session.merge(form()))
    assert merged.scores and merged.scores.settled
    assert not session.rests


def test_other_rows_of_the_same_recipe_count_as_a_change_after_stop() -> None:
    session, _ = stopped_live()
    list(session.preview(form(rows=50)))
    assert last(session.live(form(rows=50))).scores is not None


def test_a_live_merge_that_failed_is_not_tried_again_by_itself() -> None:
    session, worker = opened(merge=lambda: [Crashed("it broke", "trace")])
    list(session.preview(form()))
    broken = last(session.live(form())).status
    assert broken and (broken.text, broken.problems) == ("The merge failed", ("it broke",))
    assert list(session.live(form())) == []
    assert len(worker.named("merge")) == 1


def test_own_models_are_merged_without_a_word_of_scores_to_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MergeService, "tasks", lambda self, form: {})
    session, worker = opened()
    first = last(session.preview(form(live=False)))
    assert first.status and first.status.text == "Estimate – not merged yet"
    assert (
        first.scores
        and first.scores.empty == "No scores: the chosen models have no task sets. Add some under “Your own models”."
    )
    worker.scripts["merge"] = lambda: [Finished(replace(run_of(form().recipe().to_mapping(), "validation"), scores=[]))]
    merged = last(session.merge(form(live=False)))
    assert merged.status and merged.status.text == "Merged. No task sets, so no scores."
    again = last(session.merge(form(live=False)))
    assert again.status and again.status.text == "Nothing to do: this recipe is already merged"


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


def test_what_a_visitor_asks_for_has_a_limit_and_what_follows_the_knobs_has_none() -> None:
    gate = threading.Event()
    session, _ = opened(save=lambda: [gate, Stopped()])
    asked = [session.save(form(seed=seed), f"out-{seed}") for seed in range(PER_VISITOR)]
    for each in asked:
        next(each)
    status = last(session.merge(form())).status
    assert status is not None and "which is the limit for one visitor" in status.problems[0]
    assert last(session.preview(form(seed=9))).charts is not None
    gate.set()
    for each in asked:
        list(each)
    assert last(session.merge(form())).status != status


STACK = {"method": "stack", "slices": "base:0-2\na:1-2"}


def stack_session() -> tuple[Any, Any]:
    return opened(stack_facts=lambda: [Finished(StackFacts(1234, ("a note",)))])


def test_a_stack_is_drawn_at_once_and_what_its_headers_tell_follows() -> None:
    gate = threading.Event()
    session, worker = opened(stack_facts=lambda: [gate, Finished(StackFacts(1234, ("a note",)))])
    views = session.preview(form(**STACK))
    first, second = next(views), next(views)
    gate.set()
    view = last(views)
    assert (first.status, first.link.key, first.stack.blocks) == (None, view.link.key, view.stack.blocks)
    assert (second.status.kind, second.stack) == ("loading", None)  # the panel gets the diagram again: see wiring
    assert (first.stack.notes, view.stack.notes) == (None, ("a note",))
    assert [(block.start, block.first, block.count) for block in view.stack.blocks] == [(0, 0, 2), (2, 1, 1)]
    assert (view.home.cli, view.charts, view.findings, view.compare) == (
        "mergelab merge recipe.yml --out merged",
        None,
        (),
        "",
    )
    assert view.status.kind == "ready"
    assert worker.calls == []  # headers are read by the reader, which does not wait for merges


def test_a_merge_takes_the_place_of_a_stack() -> None:
    session, _ = stack_session()
    list(session.preview(form(**STACK)))
    assert last(session.preview(form())).stack == ""


def test_a_stack_that_cannot_be_built_says_why() -> None:
    session, _ = opened(stack_facts=lambda: [Refused("tiny has 2 layers")])
    list(session.preview(form()))
    view = last(session.preview(form(**STACK)))
    assert view.status is not None
    assert (view.status.kind, view.status.problems) == ("refused", ("tiny has 2 layers",))


def test_a_stack_without_slices_is_refused_at_once() -> None:
    session, _ = stack_session()
    list(session.preview(form()))
    status = last(session.preview(form(method="stack", slices=""))).status
    assert status is not None
    assert (status.kind, "The stack has no slices yet" in status.problems[0]) == ("refused", True)


def test_a_stack_is_saved_but_neither_merged_nor_scored_nor_pinned() -> None:
    session, worker = stack_session()
    stack = form(**STACK)
    assert last(session.save(stack, "/private/stacked")).saved == "/private/stacked.zip"
    assert worker.named("save")[0]["recipe"]["method"] == {"name": "stack"}
    for refused in (session.merge(stack), session.test(stack)):
        assert "press “Build model (.zip)” under Export" in last(refused).status.problems[0]
    assert list(session.live(stack)) == []
    list(session.pin(stack, "a"))
    assert session.pins.forms == {}


def test_a_merge_that_ends_beside_a_stack_leaves_the_stack_on_screen() -> None:
    gate = threading.Event()
    run = run_of(form().recipe().to_mapping(), "validation")
    session, _ = opened(merge=lambda: [gate, Finished(run)], stack_facts=lambda: [Finished(StackFacts(1234, ()))])
    merging = session.merge(form())
    next(merging)
    list(session.preview(form(**STACK)))
    gate.set()
    view = last(merging)
    assert (view.charts, view.scores) == (None, None)
    assert view.status.kind == "ready"


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
