import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from mergelab.evaluation.tasks import TaskSet
from mergelab.evaluation.tasks.own import GivenTask, open_task
from mergelab.evaluation.tasks.own.task_look import look_at

ROWS = "remark,mood,page\n" + "".join(
    f"film {number},{'bad' if number % 3 else 'good'},{number}\n" for number in range(20)
)
SAID = {"kind": "text-classification", "columns": {"text": "remark", "label": "mood"}}


def rows(task: TaskSet) -> Any:
    return task.labels, {split: found.digest() for split, found in task.splits().items()}


@pytest.mark.parametrize("names", [("reviews.csv",), ("train.csv", "dev.csv", "my_test.csv")])
def test_the_written_file_beside_the_tables_reads_the_same_rows(tmp_path: Path, names: tuple[str, ...]) -> None:
    source, beside = tmp_path / "given", tmp_path / "beside"
    source.mkdir()
    for name in names:
        (source / name).write_text(ROWS, encoding="utf-8")
    given = GivenTask(str(source / names[0] if len(names) == 1 else source), said=SAID)
    look = look_at(given, [])
    shutil.copytree(source, beside)
    (beside / "task.yml").write_text(look.text, encoding="utf-8")
    assert rows(open_task(str(beside)).answered_by()) == rows(open_task(given).answered_by())


def test_what_a_task_yml_says_stays_and_what_was_chosen_goes_before_it(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(ROWS, encoding="utf-8")
    (tmp_path / "task.yml").write_text(
        "title: Reviews\nfiles: rows.csv\ncolumns: {text: page, label: mood}\nsplit: {seed: 3}\nlicence: CC0\n"
    )
    found = yaml.safe_load(look_at(GivenTask(str(tmp_path), said=SAID), []).text)
    assert found == {
        "kind": "text-classification",
        "title": "Reviews",
        "files": "rows.csv",
        "columns": {"text": "remark", "label": "mood"},
        "split": {"seed": 3},
        "licence": "CC0",
    }


def test_the_model_that_was_named_is_written_as_the_head(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(ROWS, encoding="utf-8")
    look = look_at(GivenTask(str(tmp_path / "rows.csv"), "/models/none", SAID), [])
    assert yaml.safe_load(look.text)["head"] == "/models/none"
    assert "the head /models/none cannot be opened" in look.report.problems[0]
