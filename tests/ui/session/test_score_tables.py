"""The scores table: the right model in the right column, differences, the mean."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ui.fake_worker import MODELS, answers, form, run_of

from mergelab.checkpoints import load_suite
from mergelab.evaluation.scores import Score
from mergelab.evaluation.scores import score as score_of
from mergelab.ui.session.score_tables import TaskFace, faces, score_frame, table

TASKS = {"a": TaskFace("Task A", "tiny/a"), "b": TaskFace("Task B", "tiny/b")}


def score(task: str, value: float) -> Score:
    return Score(task, "validation", "accuracy", value, 100, value - 0.1, value + 0.1)


RUN = replace(
    run_of(form().recipe().to_mapping(), "validation"),
    scores=[score("a", 0.7), score("b", 0.6)],
    references={
        "tiny/base": [score("a", 0.3), score("b", 0.2)],
        "tiny/a": [score("a", 0.8)],
        "tiny/b": [score("b", 0.5)],
    },
)


def test_each_task_has_base_its_own_expert_and_the_merge_with_differences() -> None:
    first, second, mean = table(RUN, TASKS, MODELS.places)
    assert (first.base.value, first.own.value, first.merged.value) == (0.3, 0.8, 0.7)
    assert (first.to_own, first.over_base) == (pytest.approx(-0.1), pytest.approx(0.4))
    assert (first.place, second.place, first.n) == (0, 1, 100)
    assert (mean.title, mean.n, mean.merged.value) == ("Mean", 200, pytest.approx(0.65))
    assert mean.merged.low > 0.55


def test_differences_are_paired_where_answers_are_known() -> None:
    def known(task: str, right: int) -> Score:
        return score_of(task, "validation", "accuracy", answers(right))

    run = replace(
        RUN,
        scores=[known("a", 70), known("b", 60)],
        references={
            "tiny/base": [known("a", 40), known("b", 60)],
            "tiny/a": [known("a", 72)],
            "tiny/b": [score("b", 0.5)],
        },
    )
    first, second, mean = table(run, TASKS, MODELS.places)
    assert first.paired_base and (first.paired_base.value, first.paired_base.clear) == (pytest.approx(0.3), True)
    assert first.paired_own and (first.paired_own.value, first.paired_own.clear) == (pytest.approx(-0.02), False)
    assert second.paired_own is None and mean.paired_own is None  # an expert's answers are unknown
    assert mean.paired_base and mean.paired_base.value == pytest.approx(0.15)


def test_base_and_expert_are_shown_on_the_rows_that_the_merge_has_answered_so_far() -> None:
    def known(right: int, n: int) -> Score:
        return score_of("a", "validation", "accuracy", answers(right).first(n), 100)

    run = replace(RUN, scores=[known(30, 50)], references={"tiny/base": [known(40, 100)], "tiny/a": [known(20, 100)]})
    [row] = table(run, {"a": TASKS["a"]}, MODELS.places)
    assert (row.n, row.asked) == (50, 100)
    assert (row.base.value, row.own.value, row.merged.value) == (0.8, 0.4, 0.6)
    assert (row.over_base, row.to_own) == (pytest.approx(-0.2), pytest.approx(0.2))


def test_a_model_that_was_not_scored_is_empty_and_so_is_its_mean() -> None:
    run = replace(RUN, references={"tiny/base": RUN.references["tiny/base"], "tiny/a": RUN.references["tiny/a"]})
    _, second, mean = table(run, TASKS, MODELS.places)
    assert second.own is None
    assert second.to_own is None
    assert mean.own is None


def test_the_bars_data_tells_roles_apart() -> None:
    frame = score_frame(RUN, TASKS, MODELS.places)
    assert dict(frame.groupby("role")["value"].count()) == {"base": 2, "merged": 2, "own": 2}
    assert set(frame["title"]) == {"Task A", "Task B"}


def test_without_task_sets_the_table_is_empty() -> None:
    assert table(replace(RUN, scores=[], references={}), {}, MODELS.places) == []
    assert len(score_frame(replace(RUN, scores=[], references={}), {}, MODELS.places)) == 0


def test_the_page_scores_tasks_with_right_and_wrong_answers_alone() -> None:
    shown = faces(load_suite("tinylm"))
    assert list(shown) == ["add", "roman", "reverse", "sort", "plural"]  # scripture is measured in bits per byte
    assert shown["add"] == TaskFace("Addition", "tinylm/add")
