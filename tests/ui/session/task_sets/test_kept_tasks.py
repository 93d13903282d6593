from pathlib import Path

import pytest

from mergelab.evaluation.tasks import TaskError
from mergelab.evaluation.tasks.own import GivenTask, open_task
from mergelab.ui.session.task_sets import kept_tasks as module
from mergelab.ui.session.task_sets.kept_tasks import keep_task

ROWS = "text,label\nnice,good\npoor,bad\n"


def uploaded(folder: Path) -> GivenTask:
    folder.mkdir()
    (folder / "moods.csv").write_text(ROWS, encoding="utf-8")
    return GivenTask(str(folder / "moods.csv"), folder=str(folder))


def test_a_task_set_is_kept_under_a_new_name_and_never_over_another(tmp_path: Path) -> None:
    models = tmp_path / "models"
    (models / "task-sets" / "moods").mkdir(parents=True)
    (models / "task-sets" / "moods" / "moods.csv").write_text("mine", encoding="utf-8")
    given = uploaded(tmp_path / "1")
    text = "kind: text-classification\nfiles: moods.csv\n"
    assert keep_task(given, text, models) == "task-sets/moods-2"
    assert keep_task(given, text, models) == "task-sets/moods-3"
    assert (models / "task-sets" / "moods" / "moods.csv").read_text(encoding="utf-8") == "mine"
    assert open_task("task-sets/moods-2", models).answered_by().labels == ("bad", "good")


def test_the_given_text_takes_the_place_of_an_uploaded_description(tmp_path: Path) -> None:
    folder, models = tmp_path / "1" / "moods", tmp_path / "models"
    models.mkdir()
    uploaded(tmp_path / "1")
    folder.mkdir()
    (folder / "moods.csv").write_text(ROWS, encoding="utf-8")
    (folder / "task.yaml").write_text("title: old\n", encoding="utf-8")
    keep_task(GivenTask(str(folder), folder=str(tmp_path / "1")), "title: new\n", models)
    kept = models / "task-sets" / "moods"
    assert sorted(file.name for file in kept.iterdir()) == ["moods.csv", "task.yml"]
    assert (kept / "task.yml").read_text(encoding="utf-8") == "title: new\n"


def test_no_room_and_a_link_out_of_the_folder_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models, given = tmp_path / "models", uploaded(tmp_path / "1")
    models.mkdir()
    (models / "task-sets").symlink_to(tmp_path)
    with pytest.raises(TaskError, match="is outside the models folder"):
        keep_task(given, "", models)
    (models / "task-sets").unlink()
    with monkeypatch.context() as fuller:
        fuller.setattr(module, "SPARE", 2**80)
        with pytest.raises(TaskError, match="no room left in the models folder"):
            keep_task(given, "", models)
    monkeypatch.setattr(module, "MOST_KEPT", 0)
    with pytest.raises(TaskError, match="has 0 task sets already; remove some of them"):
        keep_task(given, "", models)
