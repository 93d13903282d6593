"""The scores as a message: their state in words, and what takes their place."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ui.fake_worker import MODELS, form, run_of

from mergelab.charts import style_of
from mergelab.ui.session.render.scores import render_scores, render_unscored
from mergelab.ui.session.render.scores_by_model import TaskFace
from mergelab.ui.session.score_tables import RunScores

TASKS = {"task-a": TaskFace("Task A", "tiny/a")}
RUN = run_of(form().recipe().to_mapping(), "validation")


def test_scores_of_an_earlier_recipe_say_what_to_do() -> None:
    assert "Press Merge" in render_scores(RunScores(RUN, MODELS, TASKS, "outdated")).notice


@pytest.mark.parametrize(
    ("expert", "place", "others"), [("tiny/a", 0, []), ("tiny/b", 1, [("Expert A", style_of(0).colour)])]
)
def test_the_legend_shows_the_colour_of_the_first_experts_bar_and_those_of_other_experts(
    expert: str, place: int, others: list[tuple[str, str]]
) -> None:
    sent = render_scores(RunScores(RUN, MODELS, {"task-a": TaskFace("Task A", expert)}, "measured"))
    assert [(entry.title, entry.colour) for entry in sent.legend] == [
        ("base", "--ml-base"),
        ("task’s expert", style_of(place).colour),
        *others,
        ("merged", "--ml-ink"),
    ]


def test_a_merge_without_task_sets_claims_no_scores() -> None:
    run = replace(RUN, scores=[], references={})
    sent = render_scores(RunScores(run, MODELS, {}, "measured"))
    assert (sent.state, len(sent.rows), len(sent.legend)) == ("none", 0, 0)
    assert (sent.empty, sent.summary, sent.headline) == (
        "No scores: the chosen models have no task sets. Add some under “Your own models”.",
        "",
        None,
    )


def test_scores_of_other_models_give_way_to_a_sentence() -> None:
    sent = render_unscored("Not scored yet.")
    assert (sent.state, len(sent.rows), sent.empty) == ("none", 0, "Not scored yet.")
