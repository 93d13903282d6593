"""The scores table: the right model in the right column, differences, the mean."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from ui.fake_worker import MODELS, answers, form, run_of

from mergelab.checkpoints import load_suite
from mergelab.evaluation.kinds import Answer, Rows
from mergelab.evaluation.scores import Answers, Score
from mergelab.evaluation.scores import score as score_of
from mergelab.jobs.workbench import Run
from mergelab.ui.session.render.scores_by_model import TaskFace
from mergelab.ui.session.score_tables import RunScores, faces, headline, score_frame, table

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
    first, second, mean = table(RUN, TASKS, MODELS)
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
    first, second, mean = table(run, TASKS, MODELS)
    assert first.paired_base and (first.paired_base.value, first.paired_base.verdict) == (pytest.approx(0.3), "better")
    assert first.paired_own and (first.paired_own.value, first.paired_own.verdict) == (pytest.approx(-0.02), "unclear")
    assert second.paired_own is None and mean.paired_own is None  # an expert's answers are unknown
    assert mean.paired_base and mean.paired_base.value == pytest.approx(0.15)


def test_base_and_expert_are_shown_on_the_rows_that_the_merge_has_answered_so_far() -> None:
    def known(right: int, n: int) -> Score:
        return score_of("a", "validation", "accuracy", answers(right).first(n), 100)

    run = replace(RUN, scores=[known(30, 50)], references={"tiny/base": [known(40, 100)], "tiny/a": [known(20, 100)]})
    [row] = table(run, {"a": TASKS["a"]}, MODELS)
    assert (row.n, row.asked) == (50, 100)
    assert (row.base.value, row.own.value, row.merged.value) == (0.8, 0.4, 0.6)
    assert (row.over_base, row.to_own) == (pytest.approx(-0.2), pytest.approx(0.2))


def test_a_model_that_was_not_scored_is_empty_and_so_is_its_mean() -> None:
    run = replace(RUN, references={"tiny/base": RUN.references["tiny/base"], "tiny/a": RUN.references["tiny/a"]})
    _, second, mean = table(run, TASKS, MODELS)
    assert second.own is None
    assert second.to_own is None
    assert mean.own is None


def test_the_bars_data_tells_roles_apart() -> None:
    frame = score_frame(RUN, TASKS, MODELS.places)
    assert dict(frame.groupby("role")["value"].count()) == {"base": 2, "merged": 2, "own": 2}
    assert set(frame["title"]) == {"Task A", "Task B"}


def test_without_task_sets_the_table_is_empty() -> None:
    assert table(replace(RUN, scores=[], references={}), {}, MODELS) == []
    assert len(score_frame(replace(RUN, scores=[], references={}), {}, MODELS.places)) == 0


def test_the_page_scores_every_task_of_a_suite_by_its_metric() -> None:
    shown = faces(load_suite("tinylm"))
    assert list(shown) == ["add", "roman", "reverse", "sort", "plural", "scripture"]
    assert shown["add"] == TaskFace("Addition", "tinylm/add", "exact match")
    assert (shown["scripture"].metric, shown["scripture"].is_share) == ("bits per byte", False)


def bits(task: str, *nats: float) -> Score:
    """A score in bits per byte of texts of 100 bytes each."""
    rows = Rows(tuple(f"text {place}" for place in range(len(nats))), torch.zeros(len(nats)).long())
    return score_of(task, "validation", "bits per byte", Answers.of(rows, [Answer((each, 100.0)) for each in nats]))


TEXTS = TaskFace("Texts", "", "bits per byte")
ASKED_OF_ALL = replace(
    RUN,
    scores=[*RUN.scores, bits("t", *[120.0, 131.0] * 20)],
    references={
        "tiny/base": [*RUN.references["tiny/base"], bits("t", *[130.0, 140.0] * 20)],
        "tiny/b": [score("b", 0.5), bits("t", *[110.0, 121.0] * 20)],
        "tiny/a": [score("a", 0.8), bits("t", *[120.0, 131.0] * 20)],
    },
)


def test_bits_per_byte_stand_in_their_own_words_and_outside_the_mean() -> None:
    *_, texts, mean = table(ASKED_OF_ALL, {**TASKS, "t": TEXTS}, MODELS)
    assert texts.merged and texts.base and (texts.merged.text, texts.base.text) == ("1.81", "1.95")
    assert (texts.scale, texts.own, texts.is_mean) == ("bits per byte, lower is better", None, False)
    assert texts.paired_base and (texts.paired_base.text, texts.paired_base.verdict) == ("−0.137", "better")
    assert (mean.is_mean, mean.n, mean.merged and mean.merged.text) == (True, 200, "65.0 %")


def test_a_task_of_no_expert_has_every_expert_beside_the_merge() -> None:
    *_, texts, _ = table(ASKED_OF_ALL, {**TASKS, "t": TEXTS}, MODELS)
    assert [(each.title, each.score.text) for each in texts.experts] == [("Expert A", "1.81"), ("Expert B", "1.67")]
    first, second = (each.difference for each in texts.experts)
    assert first and (first.text, first.words) == ("±0.000", "no difference worth a name")
    assert second and (second.text, second.words) == ("+0.144", "worse")  # merged − expert: more bits


def test_the_headline_is_the_mean_of_shares_or_the_only_score() -> None:
    def told(run: Run, tasks: dict[str, TaskFace]) -> tuple[str, str, int] | None:
        found = headline(RunScores(run, MODELS, tasks, "measured"), table(run, tasks, MODELS))
        return found and (found.mean.text, found.scale, found.tasks)

    assert told(ASKED_OF_ALL, {**TASKS, "t": TEXTS}) == ("65.0 %", "%", 2)
    alone = replace(ASKED_OF_ALL, scores=ASKED_OF_ALL.scores[2:])
    assert told(alone, {"t": TEXTS}) == ("1.81", "bits per byte, lower is better", 1)
    more = {"t": TEXTS, "u": TEXTS}
    assert told(replace(alone, scores=[*alone.scores, bits("u", 1.0, 2.0)]), more) is None, "no common scale"
