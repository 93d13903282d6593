"""Jobs that look at own task sets, and the same task sets in other jobs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from own_tasks import experts_with_tables, recipe_of_experts

from mergelab.evaluation.tasks.own import GivenTask
from mergelab.jobs import workbench
from mergelab.runtime.progress import finish


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return experts_with_tables(tmp_path_factory.mktemp("models"))


def test_the_expert_with_these_labels_answers_once_models_are_given(root: Path) -> None:
    file = str(root / "moods.csv")
    alone = finish(workbench.look_at_tasks([file]))
    assert alone.remark == "Base and experts are not chosen yet, so no model answers."
    assert [look.report.head for look in alone.looks] == [""] and alone.looks[0].is_clear
    found = finish(workbench.look_at_tasks([file], str(root / "base"), [str(root / "moods"), str(root / "topics")]))
    assert (found.remark, found.looks[0].report.head) == ("", str(root / "moods"))


def test_models_that_cannot_be_opened_are_a_remark_and_an_unknown_expert_a_problem(root: Path) -> None:
    missing = finish(workbench.look_at_tasks([str(root / "moods.csv")], str(root / "base"), [str(root / "none")]))
    assert missing.remark.startswith("No model answers yet: ") and missing.looks[0].is_clear
    wrong = finish(workbench.look_at_tasks(["other=rows.csv"], str(root / "base"), [str(root / "moods")]))
    assert "the recipe has no expert 'other'" in wrong.looks[0].report.problems[0]


def test_a_corrected_upload_scores_as_a_folder_with_the_task_yml_that_was_written(root: Path, tmp_path: Path) -> None:
    uploaded, beside = tmp_path / "uploads" / "1", root / "beside"
    for folder in (uploaded, beside):
        folder.mkdir(parents=True)
    rows = (root / "moods.csv").read_text(encoding="utf-8").replace("text,label", "remark,mood", 1)
    (uploaded / "reviews.csv").write_text(rows, encoding="utf-8")
    said = {"kind": "text-classification", "columns": {"text": "remark", "label": "mood"}}
    given = GivenTask(str(uploaded / "reviews.csv"), said=said, folder=str(uploaded))
    look = finish(workbench.look_at_tasks([given])).looks[0]
    shutil.copy(uploaded / "reviews.csv", beside)
    (beside / "task.yml").write_text(look.text, encoding="utf-8")
    recipe = {**recipe_of_experts(root), "base": "base", "models": ["moods", "topics"]}
    scores = [
        finish(workbench.evaluate(recipe=recipe, task_files=[task], models_dir=str(root), split="test", device="cpu"))[
            0
        ]
        for task in (given, "beside")
    ]
    assert scores[0].n == scores[1].n > 15
    assert (scores[0].value, scores[0].low, scores[0].high) == (scores[1].value, scores[1].low, scores[1].high)
