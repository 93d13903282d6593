"""Uploaded files: their names are no paths, their sizes have bounds, and nothing of them is left at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from mergelab.evaluation.tasks import TaskError
from mergelab.ui.session.task_sets import uploads as module
from mergelab.ui.session.task_sets.uploads import UploadedFile, Uploads, is_one_task, safe_name

ROWS = "text,label\nnice,good\npoor,bad\n"


def received(folder: Path, *names: str, rows: str = ROWS) -> list[UploadedFile]:
    """Files of these names as they arrive from a browser, each under a name that says nothing."""
    files = []
    for name in names:
        path = folder / f"received-{len(list(folder.iterdir()))}"
        path.write_text(rows, encoding="utf-8")
        files.append(UploadedFile(path, name))
    return files


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("moods.csv", "moods.csv"),
        ("../../etc/moods.csv", "moods.csv"),
        ("C:\\Users\\me\\moods.csv", "moods.csv"),
        (".hidden.csv", "hidden.csv"),
        ("a\0b\nc;$(rm).csv", "a_b_c__(rm).csv"),
        ("Stimmungen für alle.csv", "Stimmungen für alle.csv"),
        ("<img src=x>.csv", "_img src_x_.csv"),
        (f"{'ä' * 300}.csv", f"{'ä' * 60}.csv"),
        ("..", ""),
    ],
)
def test_a_name_is_no_path_and_nothing_else_but_a_name(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_each_table_is_a_task_set_of_its_own_in_a_folder_of_its_own(tmp_path: Path) -> None:
    files, taken = received(tmp_path, "moods.csv", "moods.csv", "topics.jsonl"), Uploads()
    found = taken.take(files)
    assert [Path(task.reference).name for task in found] == ["moods.csv", "moods-2.csv", "topics.jsonl"]
    assert len({task.folder for task in found}) == 3
    assert all(Path(task.reference).read_text(encoding="utf-8") == ROWS for task in found)
    assert not any(file.path.exists() for file in files), "the first copy is gone"
    taken.clear()


def test_files_of_one_name_and_content_arrive_at_one_place_and_are_both_taken(tmp_path: Path) -> None:
    (file,) = received(tmp_path, "moods.csv")
    taken = Uploads()
    assert [Path(task.reference).read_text(encoding="utf-8") for task in taken.take([file, file])] == [ROWS, ROWS]
    with pytest.raises(TaskError, match="could not be kept: No such file or directory; upload it again"):
        taken.take([file])
    taken.clear()


@pytest.mark.parametrize(
    ("names", "together", "called"),
    [
        (["rows.csv", "task.yml"], True, "rows"),
        (["mood_train.csv", "mood_dev.csv", "mood-test.csv"], True, "mood"),
        (["train.csv", "test.csv"], True, "task-1"),
        (["a.csv", "b.csv"], False, ""),
        (["train.csv"], False, ""),
    ],
)
def test_files_with_a_description_or_with_splits_in_their_names_are_one_task_set(
    tmp_path: Path, names: list[str], together: bool, called: str
) -> None:
    assert is_one_task(names) is together
    taken = Uploads()
    found = taken.take(received(tmp_path, *names))
    assert len(found) == (1 if together else len(names))
    if together:
        assert Path(found[0].reference).name == called
        assert sorted(file.name for file in Path(found[0].reference).iterdir()) == sorted(names)
    taken.clear()


def test_files_that_are_no_tables_are_refused_by_name_and_nothing_is_kept(tmp_path: Path) -> None:
    taken, files = Uploads(), received(tmp_path, "moods.csv", "run.exe", ".csv")
    with pytest.raises(TaskError) as caught:
        taken.take(files)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["run.exe", "csv"]
    assert files[0].path.exists()


def test_two_files_of_one_name_cannot_belong_to_one_description(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"rows\.csv was chosen twice"):
        Uploads().take(received(tmp_path, "a/rows.csv", "b/rows.csv", "task.yml"))


def test_files_have_bounds_one_by_one_together_and_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = Uploads()
    with monkeypatch.context() as smaller:
        smaller.setattr(module, "MOST_BYTES", 10)
        with pytest.raises(TaskError, match=r"moods.csv has 1 KB, more than the 0 MB that are read"):
            taken.take(received(tmp_path, "moods.csv"))
    with monkeypatch.context() as smaller:
        smaller.setattr(module, "MOST_UPLOADED", len(ROWS))
        taken.take(received(tmp_path, "moods.csv"))
        with pytest.raises(TaskError, match="a visitor may upload 0 MB; reload the page to begin anew"):
            taken.take(received(tmp_path, "moods.csv"))
    with monkeypatch.context() as smaller:
        smaller.setattr(module, "MOST_FILES", 2)
        with pytest.raises(TaskError, match="a visitor may upload 2 files"):
            taken.take(received(tmp_path, "a.csv", "b.csv"))
    with monkeypatch.context() as fuller:
        fuller.setattr(module, "SPARE", 2**80)
        with pytest.raises(TaskError, match="no room left for the upload"):
            taken.take(received(tmp_path, "moods.csv"))
    taken.clear()


def test_files_go_when_the_visit_ends_or_nobody_holds_them_any_more(tmp_path: Path) -> None:
    taken = Uploads()
    first, second = taken.take(received(tmp_path, "a.csv", "b.csv"))
    taken.forget(first)
    assert not Path(first.folder).exists() and Path(second.folder).exists()
    root = Path(second.folder).parent
    taken.clear()
    assert not root.exists()
    again = taken.take(received(tmp_path, "c.csv"))[0]
    assert Path(again.reference).exists()
    del taken
    assert not Path(again.folder).exists()


def test_a_name_that_is_taken_or_cannot_be_kept_is_said_beside_the_new_one(tmp_path: Path) -> None:
    taken = Uploads()
    first, second, third = taken.take(received(tmp_path, "a/moods.csv", "b/moods.csv", "mood?.csv"))
    assert [taken.origin(each) for each in (first, second, third)] == [
        "moods.csv",
        "moods.csv, here called moods-2.csv",
        "mood?.csv, here called mood_.csv",
    ]
    taken.clear()


def test_texts_do_not_say_where_uploads_are_on_the_server(tmp_path: Path) -> None:
    taken = Uploads()
    (given,) = taken.take(received(tmp_path, "moods.csv"))
    assert taken.plain(f"{given.reference}, line 3: unknown label") == "moods.csv, line 3: unknown label"
    taken.clear()
