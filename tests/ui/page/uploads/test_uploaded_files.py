from pathlib import Path

import pytest

from mergelab.evaluation.tasks import TaskError
from mergelab.ui.page.uploads import uploaded_files as module
from mergelab.ui.page.uploads.uploaded_files import uploaded_files
from mergelab.ui.session.task_sets.uploads import UploadedFile


@pytest.fixture
def received(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in Gradio's upload folder."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    monkeypatch.setattr(module, "ARRIVAL", 0.0)
    path = tmp_path / "gradio" / "hash" / "moods.csv"
    path.parent.mkdir(parents=True)
    path.write_text("text,label\n", encoding="utf-8")
    return path


def test_files_are_taken_by_what_the_upload_answered(received: Path) -> None:
    said = {"path": str(received), "orig_name": "../moods of mine.csv", "meta": {"_type": "gradio.FileData"}}
    assert uploaded_files(said) == [UploadedFile(received, "../moods of mine.csv")]
    assert uploaded_files([str(received), {"path": str(received)}]) == [UploadedFile(received, "moods.csv")] * 2
    assert uploaded_files(None) == []


@pytest.mark.parametrize("path", ["/etc/passwd", "../secret.csv", "none.csv", "\0", 3, None])
def test_no_other_file_of_the_server_is_taken(received: Path, path: object) -> None:
    (received.parents[2] / "secret.csv").write_text("text,label\n", encoding="utf-8")
    named = str(received.parent.parent / path) if isinstance(path, str) and path else path
    for given in (path, {"path": path}, [{"path": named}]):
        if given is None:
            continue
        with pytest.raises(TaskError, match="upload"):
            uploaded_files(given)


def test_a_link_in_the_upload_folder_leads_nowhere_else(received: Path) -> None:
    (received.parents[2] / "secret.csv").write_text("text,label\n", encoding="utf-8")
    (received.parent / "linked.csv").symlink_to(received.parents[2] / "secret.csv")
    with pytest.raises(TaskError, match=r"secret\.csv was not uploaded, or is not there any more"):
        uploaded_files(str(received.parent / "linked.csv"))


def test_too_many_files_at_once_are_refused(received: Path) -> None:
    with pytest.raises(TaskError, match="101 files were uploaded at once; 100 are taken"):
        uploaded_files([str(received)] * 101)
