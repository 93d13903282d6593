"""Pinned recipes: where they appear, and what is known of them."""

from __future__ import annotations

import pytest
from ui.fake_worker import form, last, opened

from mergelab.ui.form.form import Form, KnobPlace
from mergelab.ui.messages import Comparison

pytestmark = pytest.mark.usefixtures("one_task")

DENSITY = KnobPlace("method", "ties", "density")
CELL = ("1", "mlp.down")


def name(found: Form) -> str:
    return found.recipe().digest()[:8]


def test_a_recipe_that_was_put_aside_stands_behind_and_beside_the_one_on_screen() -> None:
    session, _ = opened()
    assert last(session.preview(form())).compare == ""
    pinned = last(session.pin(form(), "a"))
    assert pinned.curves and pinned.curves.pinned == name(form())
    moved = last(session.preview(form(knobs={DENSITY: 0.9})))
    assert isinstance(moved.compare, Comparison)
    one, other = moved.compare.slots.a, moved.compare.slots.b
    assert [one.name, other.name] == [name(form()), name(form(knobs={DENSITY: 0.9}))]
    assert (one.pinned, other.pinned) == (True, False)
    forgotten = last(session.unpin(form(knobs={DENSITY: 0.9}), "a"))
    assert forgotten.compare == "" and forgotten.curves and forgotten.curves.pinned is None


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
    assert [row[0] for row in found.compare.scores] == ["Task A"]
    assert (found.compare.slots.a.label, found.compare.slots.b.label) == ("exact", "exact")


def test_what_is_no_recipe_is_not_put_aside_where_it_would_refuse_every_other_one() -> None:
    session, _ = opened()
    refused = last(session.pin(form(chosen=()), "a"))
    assert refused.status and refused.status.kind == "refused"
    assert last(session.preview(form())).compare == ""
