import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tiny_task_models import MOODS, sentences, text_model, text_task

from mergelab.checkpoints.suites import SuiteTask
from mergelab.evaluation.tasks import labels_of, suite_tasks, task_from_file, task_set


def test_a_split_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    task = text_task(tmp_path, tmp_path / "head", sentences(5))
    assert len(task.rows("test")) == 5 and len(task.rows("test", 2)) == 2
    with pytest.raises(ValueError, match=r"task moods has no rows in split 'validation'; it has test \(5 rows\)"):
        task.rows("validation")


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    before = text_task(tmp_path, tmp_path / "head", sentences(5)).rows("test")
    after = text_task(tmp_path, tmp_path / "head", sentences(6)).rows("test")
    assert (len(before), len(after)) == (5, 6)


def test_a_persons_file_is_answered_by_the_head_they_name(tmp_path: Path) -> None:
    head = text_model(tmp_path / "head")
    path = tmp_path / "own.csv"
    path.write_text("text,label\ngood film,good\n")
    task = task_from_file(path, str(head))
    assert (task.labels, task.head, task.kind) == (MOODS, str(head), "text-classification")
    path.write_text("text,label\ngood film,great\n")
    with pytest.raises(ValueError, match="line 2: unknown label 'great'; the labels are 'bad', 'good', 'fine'"):
        task_from_file(path, str(head))


def test_class_names_come_in_the_order_of_the_outputs() -> None:
    assert labels_of({"id2label": {"10": "k", "2": "c", "0": "a"}}, "model") == ("a", "c", "k")
    with pytest.raises(ValueError, match="model has no class names"):
        labels_of({}, "model")


def of_suite(monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]) -> Any:
    task = SuiteTask("Sums", "generation", (), "base", {}, "", "", settings)
    suite = SimpleNamespace(tasks={"sums": task}, files={}, file=Path)
    monkeypatch.setattr(task_set, "load_suite", lambda name: suite)
    return suite_tasks("tiny")["sums"].chosen


def test_a_suites_settings_are_those_of_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    found = of_suite(monkeypatch, json.loads('{"stop": ["\\n"], "max_new_tokens": 12}'))
    assert (found.stop, found.max_new_tokens) == (("\n",), 12)
    assert of_suite(monkeypatch, {}).max_new_tokens == 64
    with pytest.raises(ValueError, match="task sums of the suite tiny: unknown setting 'until'"):
        of_suite(monkeypatch, {"until": ["."]})
