from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tiny_task_models import text_model

from mergelab.checkpoints import Checkpoint, open_checkpoint
from mergelab.evaluation.tasks.own import GivenTask
from mergelab.evaluation.tasks.own.task_look import TaskLook, look_at

ROWS = [f"{word} film {number}" for number in range(12) for word in ("bad", "good", "fine")]
"""Whose first word is the label."""
KIND = {"kind": "text-classification", "columns": {"text": "remark", "label": "mood"}}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Checkpoint]:
    """A base without classes, and an expert for moods."""
    root = tmp_path_factory.mktemp("models")
    folders = text_model(root / "base", None), text_model(root / "moods")
    return [open_checkpoint(str(folder)) for folder in folders]


def table(folder: Path, header: str, rows: list[str]) -> Path:
    path = folder / "reviews.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


def looked(path: Path, models: list[Checkpoint] | None = None, said: Mapping[str, Any] | None = None) -> TaskLook:
    return look_at(GivenTask(str(path), said=said or {}), models or [])


def test_unusual_columns_are_listed_to_choose_from(tmp_path: Path) -> None:
    path = table(tmp_path, "remark,mood", [f"{text},{text.split()[0]}" for text in ROWS])
    look = looked(path)
    assert (look.report.kind, list(look.table), list(look.rows), look.text) == ("", ["remark", "mood"], [], "")
    assert list(look.report.problems) == [
        f"{path}: the columns 'remark', 'mood' are those of no kind of task. Choose the kind, and then which column is which."
    ]
    assert not look.is_clear


def test_a_column_with_a_usual_name_is_chosen_while_another_is_not_clear(tmp_path: Path) -> None:
    path = table(tmp_path, "review,mood", [f"{text},{text.split()[0]}" for text in ROWS])
    look = looked(path, said={"kind": "text-classification"})
    assert look.report.columns == {"text": "review"}
    assert list(look.report.problems) == [
        f"{path}: no column is called 'label' or by another usual name. Choose which one it is."
    ]
    several = looked(table(tmp_path, "review,content,label", ["a,b,c"]), said={"kind": "text-classification"})
    assert several.report.columns == {"label": "label"}
    assert list(several.report.problems) == [
        f"{path}: the columns 'review', 'content' can all be 'text'. Choose one of them."
    ]


def test_chosen_columns_are_read_and_the_first_rows_shown(tmp_path: Path, models: list[Checkpoint]) -> None:
    path = table(tmp_path, "remark,mood", [f"{text},{text.split()[0]}" for text in ROWS])
    look = looked(path, models, KIND)
    assert look.is_clear and look.report.columns == {"text": "remark", "label": "mood"}
    assert look.report.head == models[1].name and sum(look.report.rows.values()) == 36
    assert (look.split, len(look.rows)) == ("validation", 5)
    assert all(row.asked in ROWS and row.answer == row.asked.split()[0] for row in look.rows)


def test_all_problems_are_counted_and_the_first_twenty_kept(tmp_path: Path, models: list[Checkpoint]) -> None:
    good = [f"{text},{text.split()[0]}" for text in ROWS]
    path = table(tmp_path, "text,label", [*good, *(f"film {number},worse" for number in range(30))])
    look = looked(path, models)
    no_model, first, *others = look.report.problems
    assert no_model.startswith("no model has exactly the task's labels 'bad', 'fine', 'good', 'worse'")
    assert first == f"{path}, line 38: unknown label 'worse'; the labels are 'bad', 'good', 'fine'"
    assert (len(others), look.report.more) == (18, 11)
    assert look.report.told[-1] == "and 11 more problems"
    assert "the rows are checked by the labels of" in " ".join(look.report.notes)


def test_a_file_that_cannot_be_read_at_all_is_told(tmp_path: Path) -> None:
    look = looked(tmp_path / "none.csv")
    assert list(look.table) == [] and "there is no task set" in look.report.problems[0]


def test_texts_that_are_only_read_have_no_right_answer(tmp_path: Path) -> None:
    look = looked(table(tmp_path, "text", ROWS))
    assert look.report.kind == "perplexity" and {row.answer for row in look.rows} == {""}


def test_texts_without_labels_that_only_classifiers_are_to_read_are_a_problem(
    tmp_path: Path, models: list[Checkpoint]
) -> None:
    path = table(tmp_path, "text", ROWS)
    look = looked(path, models)
    assert (look.report.kind, look.is_clear) == ("perplexity", False)
    assert list(look.report.problems) == [
        f"{path}: no label column; the given models are classifiers. Add a column 'label' with the class of each row, or give a "
        "language model, which reads texts without labels"
    ]


def test_a_chosen_kind_that_no_model_answers_is_told_by_what_is_lacking(
    tmp_path: Path, models: list[Checkpoint]
) -> None:
    path = table(tmp_path, "text", ROWS)
    chosen = looked(path, models, {"kind": "perplexity"}).report.problems
    assert len(chosen) == 1 and "the kind perplexity needs a language model; the given models are class" in chosen[0]
    (bare,) = looked(path, models[:1]).report.problems
    assert f"{models[0].name} lacks cls.predictions.bias" in bare
