"""Pinned recipes: where they appear, and what is known of them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from ui.fake_worker import FakeWorker, form, last, opened
from ui.session.remembering.test_run_memory import session_with

from mergelab.ui.form.form import KnobPlace
from mergelab.ui.messages import Comparison
from mergelab.ui.session.remembering.run_memory import RunMemory

pytestmark = pytest.mark.usefixtures("one_task")

DENSITY = KnobPlace("method", "ties", "density")
CELL = ("1", "mlp.down")


def test_a_recipe_that_was_put_aside_stands_behind_and_beside_the_one_on_screen() -> None:
    session, _ = opened()
    assert last(session.preview(form())).compare == ""
    pinned = last(session.pin(form(), "a"))
    assert pinned.curves and pinned.curves.pinned and pinned.curves.pinned.title == "TIES · density 0.2"
    assert pinned.curves.pinned.same and pinned.curves.pinned.place == 0.2
    moved = last(session.preview(form(knobs={DENSITY: 0.9})))
    assert isinstance(moved.compare, Comparison)
    one, other = moved.compare.slots.a, moved.compare.slots.b
    assert [one.title, other.title] == ["TIES · density 0.2", "TIES · density 0.9"]
    assert moved.curves is None  # another density leaves the curves as they are
    assert (one.pinned, other.pinned) == (True, False)
    forgotten = last(session.unpin(form(knobs={DENSITY: 0.9}), "a"))
    assert forgotten.compare == "" and forgotten.curves and forgotten.curves.pinned is None


def test_a_recipe_that_is_put_aside_names_its_run_also_after_a_restart(tmp_path: Path) -> None:
    place = str(tmp_path / "runs.sqlite")
    with closing(RunMemory(place)) as memory:
        session = session_with(memory, FakeWorker())
        fresh = last(session.pin(form(), "a"))
        assert fresh.curves and fresh.curves.pinned and fresh.curves.pinned.run == 0
        merged = last(session.merge(form()))
        assert merged.curves and merged.curves.pinned and merged.curves.pinned.run == 1
    with closing(RunMemory(place)) as memory:
        session = session_with(memory, FakeWorker())
        again = last(session.pin(form(), "a"))
        assert again.curves and again.curves.pinned and again.curves.pinned.run == 1
        assert isinstance(again.compare, Comparison)
        assert (again.compare.slots.a.run, again.compare.slots.b.run) == (1, 0)


def test_both_sides_can_be_put_aside_and_are_narrowed_together() -> None:
    session, _ = opened()
    list(session.pin(form(), "a"))
    list(session.pin(form(knobs={DENSITY: 0.9}), "b"))
    found = last(session.narrow(form(method="average"), CELL))
    assert isinstance(found.compare, Comparison)
    assert found.charts and found.charts.at and found.compare.at == found.charts.at.title
    assert found.compare.slots.a.pinned and found.compare.slots.b.pinned


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
    assert [row.title for row in found.compare.scores.rows] == ["Task A"]
    assert (found.compare.slots.a.label, found.compare.slots.b.label) == ("exact", "exact")


def test_what_is_no_recipe_is_not_put_aside_where_it_would_refuse_every_other_one() -> None:
    session, _ = opened()
    refused = last(session.pin(form(chosen=()), "a"))
    assert refused.status and refused.status.kind == "refused"
    assert last(session.preview(form())).compare == ""


def test_pinned_recipes_are_scored_on_the_rows_of_the_one_on_screen() -> None:
    session, worker = opened()
    list(session.first(form(rows=200)))
    list(session.pin(form(rows=200), "a"))
    list(session.preview(form(rows=50, knobs={DENSITY: 0.9})))
    found = last(session.live(form(rows=50, knobs={DENSITY: 0.9})))
    assert isinstance(found.compare, Comparison) and found.compare.scores.rows
    assert [call["rows"] for call in worker.named("merge")] == [200, 50, 50]


def test_without_live_scores_a_button_scores_both() -> None:
    session, worker = opened()
    list(session.pin(form(live=False), "a"))
    asked = last(session.preview(form(live=False, knobs={DENSITY: 0.9})))
    assert isinstance(asked.compare, Comparison)
    assert asked.compare.scores.ask and "A and B are not scored yet" in asked.compare.scores.empty
    scored = last(session.score_both(form(live=False, knobs={DENSITY: 0.9})))
    assert isinstance(scored.compare, Comparison) and scored.compare.scores.verdict
    assert len(worker.named("merge")) == 2


def test_the_link_of_a_comparison_says_both_recipes_with_every_default() -> None:
    session, _ = opened()
    list(session.pin(form(knobs={DENSITY: 0.9}), "b"))
    found = next(session.preview(form()))
    assert found.link
    query = dict(parse_qsl(found.link.query))
    assert (query["density"], query["scale"], query["experts"], query["weight.a"]) == ("0.2", "1", "a,b,c", "1")
    assert "suite:tiny experts:a,b,c method:ties density:0.9 scope:model " in query["b"]
    assert found.link.key == "v=1&suite=tiny&method=ties"  # undo does not know pins
