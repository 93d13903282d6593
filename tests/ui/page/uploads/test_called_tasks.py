from pathlib import Path

import pytest

from mergelab.evaluation.tasks import TaskError
from mergelab.evaluation.tasks.own import GivenTask
from mergelab.ui.page.uploads.called_tasks import given_tasks


@pytest.fixture
def upload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    path = tmp_path / "hash" / "moods.csv"
    path.parent.mkdir()
    path.write_text("text,label\nnice,good\n", encoding="utf-8")
    return str(path)


def test_uploads_are_there_during_the_call_alone_with_what_is_said_of_them(upload: str) -> None:
    with given_tasks(["first=rows.csv"], [{"path": upload}], "kind: perplexity\n") as given:
        named, uploaded = given.files
        assert named == "first=rows.csv" and isinstance(uploaded, GivenTask)
        assert uploaded.said == {"kind": "perplexity"} and Path(uploaded.reference).is_file()
        assert given.plain(uploaded.reference) == "moods.csv"
    assert not Path(uploaded.reference).exists()


@pytest.mark.parametrize(
    ("task_files", "task_yml", "sentence"),
    [
        ("rows.csv", "", "task_files must be a list of texts, or null for none, got 'rows.csv'"),
        (None, 3, "task_yml must be a text, got 3"),
        (None, "- a", r"task_yml must be a mapping, as a task.yml is, got \['a'\]"),
        (None, "a: b: c", "task_yml is not valid YAML"),
        (
            ["rows.csv"],
            "kind: choice",
            "task_yml is about uploads; a task set on the server has a task.yml in its folder",
        ),
    ],
)
def test_arguments_of_another_type_are_refused_by_name(task_files: object, task_yml: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence), given_tasks(task_files, None, task_yml):
        pass


def test_what_was_never_uploaded_is_refused(upload: str) -> None:
    with pytest.raises(TaskError, match="passwd was not uploaded"), given_tasks(None, ["/etc/passwd"], ""):
        pass
