"""The scores on screen: how they age with the recipe, come task by task, and stay with the recipe that they are of."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from typing import Any

import pytest
import torch
from ui.fake_worker import form, last, opened

from mergelab.evaluation.kinds import Answer, Rows
from mergelab.evaluation.scores import Answers, Score, score
from mergelab.jobs import Finished
from mergelab.jobs.workbench import MergeScores
from mergelab.runtime.progress import Partial
from mergelab.ui.form.form import Form, KnobPlace
from mergelab.ui.session.session import Session

pytestmark = pytest.mark.usefixtures("one_task")

DENSITY = KnobPlace("method", "ties", "density")


def scores_so_far(recipe: Form, done: int, **fields: Any) -> MergeScores:
    """A merge of a form with this many of its two tasks scored."""
    checked, names = recipe.recipe(), ("task-a", "task-b")
    scores = [Score(name, "validation", "accuracy", 0.8, 100, 0.7, 0.9) for name in names[:done]]
    base = [Score(name, "validation", "accuracy", 0.5, 100, 0.4, 0.6) for name in names]
    given = {
        "split": "validation",
        "device": "cpu",
        "parameters": 128,
        "waiting": names[done:],
        "begun": True,
        **fields,
    }
    return MergeScores(checked.to_mapping(), checked.digest(), scores, {"tiny/base": base}, **given)


def told(*found: MergeScores) -> list[Any]:
    return [Partial(each) for each in found]


def test_scores_turn_stale_with_the_recipe_and_measured_again_with_it() -> None:
    session, _ = opened()
    list(session.merge(form(live=False)))
    moved = last(session.preview(form(knobs={DENSITY: 0.9}, live=False)))
    assert moved.scores is not None
    assert (moved.scores.state, moved.scores.chip, moved.scores.settled) == ("outdated", "out of date", False)
    back = last(session.preview(form(live=False)))
    assert back.scores is not None
    assert (back.scores.state, back.scores.chip, back.scores.settled) == ("measured", "measured", True)


def test_scores_on_their_way_are_called_updating() -> None:
    session, _ = opened()
    list(session.first(form()))
    moved = last(session.preview(form(knobs={DENSITY: 0.9})))
    assert moved.scores is not None
    assert moved.scores.state == "updating"


def test_an_earlier_recipe_whose_scores_are_known_has_them_at_once() -> None:
    session, _ = opened()
    for density in (0.1, 0.3):
        list(session.merge(form(knobs={DENSITY: density}, live=False)))
    back = last(session.preview(form(knobs={DENSITY: 0.1}, live=False)))
    assert back.scores and (back.scores.state, back.scores.settled) == ("measured", True)
    assert back.scores.digest == form(knobs={DENSITY: 0.1}).recipe().digest()
    assert back.charts and back.charts.label == "exact"
    assert back.status and back.status.text == "Scored earlier – 80.0 % (70–90)"


def test_test_rows_are_kept_apart() -> None:
    session, worker = opened()
    view = last(session.test(form()))
    assert view.scores is None
    assert view.test is not None
    assert worker.named("merge")[-1]["split"] == "test"
    assert view.status and view.status.text.startswith("Scored on test examples in")


@pytest.mark.usefixtures("two_tasks")
def test_each_task_has_its_row_as_soon_as_it_is_scored_and_the_mean_comes_with_the_last() -> None:
    steps = [scores_so_far(form(), done) for done in (0, 1, 2)]
    gate = threading.Event()
    session, _ = opened(merge=lambda: [*told(*steps), gate, Finished(None)])
    list(session.preview(form(live=False)))
    merging, seen = session.merge(form(live=False)), []
    while len(seen) < 3:
        view = next(merging)
        seen += [view.scores] if view.scores else []
    states = [[(row.title, row.pending, row.merged is not None) for row in each.rows] for each in seen]
    assert states == [
        [("Task A", "scoring", False), ("Task B", "waiting", False), ("Mean", "waiting", False)],
        [("Task A", None, True), ("Task B", "scoring", False), ("Mean", "scoring", False)],
        [("Task A", None, True), ("Task B", None, True), ("Mean", None, True)],
    ]
    assert [each.chip for each in seen] == ["updating"] * 3
    assert [each.headline is None for each in seen] == [True, True, False]
    assert seen[1].notice == "1 of 2 tasks scored. The mean comes with the last one."
    assert all(row.base and row.base.value == 0.5 for row in seen[0].rows), "what is known of the base is there at once"


@pytest.mark.usefixtures("two_tasks")
def test_scores_tighten_block_by_block_and_say_how_many_examples_are_answered() -> None:
    def after(n: int) -> MergeScores:
        return replace(scores_so_far(form(), 2), scores=[block(name, n) for name in ("task-a", "task-b")])

    def block(name: str, n: int) -> Score:
        rows = Rows(("x",) * 200, torch.zeros(200).long())
        return score(name, "validation", "accuracy", Answers.of(rows, [Answer((1.0,), 0)] * n), 200)

    gate = threading.Event()
    session, _ = opened(merge=lambda: [*told(after(25), after(50)), gate, Finished(None)])
    list(session.preview(form(live=False)))
    merging, seen = session.merge(form(live=False)), []
    while len(seen) < 2:
        view = next(merging)
        seen += [view.scores] if view.scores else []
    assert [each.state for each in seen] == ["scoring", "scoring"]
    assert [(each.headline.n, each.headline.asked) for each in seen if each.headline] == [(50, 400), (100, 400)]
    assert seen[0].notice == "50 of 400 examples answered. The intervals narrow with every block of examples."
    assert seen[0].headline and seen[1].headline
    assert seen[0].headline.mean.low < seen[1].headline.mean.low
    stopped = session.stop()
    assert stopped.status and stopped.status.text == "Stopped after 100 of 400 examples."
    assert (
        stopped.scores and stopped.scores.notice == "Stopped after 100 of 400 examples. Press Merge to score the rest."
    )


@pytest.mark.usefixtures("two_tasks")
def test_scores_are_final_with_the_last_task_while_the_counting_goes_on() -> None:
    gate = threading.Event()
    session, _ = opened(merge=lambda: [*told(scores_so_far(form(), 2, complete=True)), gate, Finished(None)])
    list(session.preview(form(live=False)))
    merging = session.merge(form(live=False))
    final = next(view.scores for view in merging if view.scores)
    assert (final.state, final.settled) == ("measured", False)
    assert final.headline and final.headline.mean.value == pytest.approx(0.8)
    session.stop()
    assert last(merging).status.text == "Stopped."  # type: ignore[union-attr]


@pytest.mark.usefixtures("two_tasks")
def test_scores_that_come_in_for_a_recipe_that_was_left_never_stand_beside_another_one() -> None:
    gates = [threading.Event(), threading.Event()]
    first, second = (told(scores_so_far(form(), done)) for done in (0, 1))
    session, _ = opened(merge=lambda: [*first, gates[0], *second, gates[1], Finished(None)])
    list(session.preview(form(live=False)))
    merging = session.merge(form(live=False))
    next(view for view in merging if view.scores)
    moved = last(session.preview(form(knobs={DENSITY: 0.9}, live=False)))
    assert moved.scores and (moved.scores.state, len(moved.scores.rows)) == ("none", 0)
    gates[0].set()
    for view in merging:
        assert view.scores is None
        if session.screen.score_state.partial and session.screen.score_state.partial.run.scores:
            break
    back = last(session.preview(form(live=False)))
    assert back.scores and [row.pending for row in back.scores.rows] == [None, "scoring", "scoring"]
    gates[1].set()


@pytest.mark.usefixtures("two_tasks")
def test_after_stop_what_was_scored_of_the_recipe_stays_and_the_rest_says_so() -> None:
    session, _ = opened(merge=lambda: [*told(scores_so_far(form(), 1)), threading.Event(), Finished(None)])
    list(session.preview(form(live=False)))
    merging = session.merge(form(live=False))
    next(view for view in merging if view.scores)
    stopped = session.stop()
    assert stopped.status and stopped.status.text == "Stopped after 1 of 2 tasks."
    assert stopped.scores and stopped.scores.state == "stopped"
    assert [row.pending for row in stopped.scores.rows] == [None, "stopped", "stopped"]
    assert last(merging).status == stopped.status


def test_after_stop_the_strip_says_whose_scores_are_below() -> None:
    def stopped(session: Session, density: float) -> str:
        merging = session.merge(form(knobs={DENSITY: density}, live=False))
        next(merging)
        status = session.stop().status
        list(merging)
        assert status is not None
        return status.text

    session, worker = opened(merge=lambda: [threading.Event(), Finished(None)])
    list(session.preview(form(live=False)))
    assert stopped(session, 0.2) == "Stopped. Nothing was scored."
    del worker.scripts["merge"]
    list(session.merge(form(live=False)))
    worker.scripts["merge"] = lambda: [threading.Event(), Finished(None)]
    list(session.preview(form(knobs={DENSITY: 0.3}, live=False)))
    assert stopped(session, 0.3) == "Stopped. Scores below are from the previous recipe."


def test_merging_what_is_scored_has_nothing_to_do() -> None:
    session, worker = opened()
    list(session.preview(form()))
    first = last(session.merge(form()))
    assert first.status and re.match(r"Scored in 0\.\d s – 80\.0 % \(70–90\)$", first.status.text)
    again = last(session.merge(form()))
    assert again.status and again.status.text == "Nothing to do: this recipe is already scored"
    assert len(worker.named("merge")) == 1


def test_a_look_up_without_a_click_leaves_the_end_of_the_persons_own_merge_on_the_strip() -> None:
    session, _ = opened()
    list(session.preview(form()))
    merged = last(session.merge(form()))
    late = last(session.live(form()))
    assert late.status == merged.status
    assert late.scores is None


def test_scores_of_other_models_are_taken_away() -> None:
    session, _ = opened()
    first = last(session.preview(form(live=False)))
    assert first.scores and first.scores.empty.startswith("Not scored yet. Press Merge")
    list(session.merge(form(live=False)))
    assert last(session.preview(form(live=False))).scores is None
    others = form().models.__class__("tiny", form().models.titles, edition=1)
    away = last(session.preview(form(models=others))).scores
    assert away and (away.state, away.empty) == ("none", "Scores are on their way.")


def test_the_headline_compares_with_the_experts_and_with_the_pinned_recipe() -> None:
    session, _ = opened()
    list(session.merge(form(knobs={DENSITY: 0.3}, live=False)))
    alone = last(session.merge(form(live=False)))
    assert alone.scores and alone.scores.headline
    headline = alone.scores.headline
    assert (headline.mean.value, headline.tasks, headline.n, headline.to_experts) == (0.8, 1, 100, 0.0)
    assert headline.pinned is None
    pinned = last(session.pin(form(live=False), "a", form(knobs={DENSITY: 0.3}, live=False))).scores
    assert pinned and pinned.headline and pinned.headline.pinned
    beside = pinned.headline.pinned
    assert (beside.slot, beside.title, beside.difference) == ("a", "TIES", 0.0)
    assert beside.name == form(knobs={DENSITY: 0.3}).recipe().digest()[:8]
