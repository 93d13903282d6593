"""The scores on screen: how they age with the recipe, and how merges are counted."""

from __future__ import annotations

import pytest
from ui.fake_worker import form, last, opened

from mergelab.ui.form.form import KnobPlace

pytestmark = pytest.mark.usefixtures("one_task")

DENSITY = KnobPlace("method", "ties", "density")


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


def test_test_rows_are_kept_apart_and_do_not_count_as_a_merge() -> None:
    session, worker = opened()
    view = last(session.test(form()))
    assert view.scores is None
    assert view.test is not None
    assert worker.named("merge")[-1]["split"] == "test"
    assert session.screen.score_state.merges == 0


def test_merges_are_numbered() -> None:
    session, _ = opened()
    for number, density in enumerate((0.1, 0.3), 1):
        view = last(session.merge(form(knobs={DENSITY: density})))
        assert view.scores is not None
        assert view.scores.about.startswith(f"Scores of merge {number},")


def test_a_live_merge_that_comes_in_late_leaves_the_persons_own_of_the_same_recipe_up() -> None:
    session, _ = opened()
    list(session.preview(form()))
    merged = last(session.merge(form()))
    late = last(session.live(form()))
    assert late.status == merged.status
    assert late.scores is None
    assert session.screen.score_state.shown is not None
    assert session.screen.score_state.shown.state == "exact"


def test_scores_of_other_models_are_taken_away() -> None:
    session, _ = opened()
    first = last(session.preview(form(live=False)))
    assert first.scores and first.scores.empty.startswith("Not scored yet. Press Merge")
    list(session.merge(form(live=False)))
    assert last(session.preview(form(live=False))).scores is None
    others = form().models.__class__("tiny", form().models.titles, edition=1)
    away = last(session.preview(form(models=others))).scores
    assert away and (away.state, away.empty) == ("none", "Scores are on their way.")
