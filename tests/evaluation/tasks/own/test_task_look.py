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
    assert look.report.problems[0].startswith(f"{path}: the columns 'remark', 'mood' are those of no kind of task")
    assert not look.is_clear


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
