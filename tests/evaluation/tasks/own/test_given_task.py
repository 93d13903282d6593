from pathlib import Path

import pytest

from mergelab.evaluation.tasks import TaskError
from mergelab.evaluation.tasks.own import GivenTask, open_task


def test_an_uploaded_task_set_is_opened_in_its_folder_alone(tmp_path: Path) -> None:
    allowed, other, models = (tmp_path / name for name in ("1", "2", "models"))
    for folder in (allowed, other, models):
        folder.mkdir()
        (folder / "rows.csv").write_text("text,label\nnice,good\npoor,bad\n", encoding="utf-8")
    given = GivenTask(str(allowed / "rows.csv"), folder=str(allowed))
    task = open_task(given, models).answered_by()
    assert (task.labels, task.origin) == (("bad", "good"), "rows.csv (uploaded)")
    with pytest.raises(TaskError, match="is outside the models folder"):
        open_task(GivenTask(str(other / "rows.csv"), folder=str(allowed)), models)
    (allowed / "linked.csv").symlink_to(other / "rows.csv")
    with pytest.raises(TaskError, match="is outside the models folder"):
        open_task(GivenTask(str(allowed / "linked.csv"), folder=str(allowed)), models)


def test_an_uploaded_description_opens_no_data_set_of_the_hub(tmp_path: Path) -> None:
    (tmp_path / "task.yml").write_text("dataset: owner/name\n", encoding="utf-8")
    with pytest.raises(TaskError, match=r"no data set of the Hub is opened here; put its files beside task.yml"):
        open_task(GivenTask(str(tmp_path), folder=str(tmp_path)))
