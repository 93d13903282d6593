from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from checkpoints.children import Child
from filelock import FileLock

from mergelab.runtime.staging import PREFIX, Staging, sweep

HOLD = """
from mergelab.runtime.staging import Staging
staging = Staging(arguments[0])
pipe.send(staging.path)
pipe.recv()
"""
BUSY = """
from mergelab.runtime.staging import Staging, sweep
for count in range(100):
    sweep(arguments[0])
    staging = Staging(arguments[0] / "never")
    (staging.path / "file").write_text("x")
    staging.discard()
pipe.send("done")
"""


def test_a_folder_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    staging = Staging(tmp_path / "deep" / "out")
    (staging.path / "file").write_text("x")
    assert not (tmp_path / "deep" / "out").exists()

    staging.commit()

    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]
    assert (tmp_path / "deep" / "out" / "file").read_text() == "x"


@pytest.mark.parametrize("content", [["theirs"], []])
def test_a_taken_name_is_left_alone(tmp_path: Path, content: list[str]) -> None:
    staging = Staging(tmp_path / "out")
    (tmp_path / "out").mkdir()
    for name in content:
        (tmp_path / "out" / name).write_text("x")
    with pytest.raises(FileExistsError):
        staging.commit()
    staging.discard()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == content


def test_a_sweep_spares_what_is_in_use_and_removes_what_a_dead_process_left(tmp_path: Path) -> None:
    mine = Staging(tmp_path / "mine")
    with Child(HOLD, tmp_path / "theirs") as child:
        theirs = child.pipe.recv()
        assert sweep(tmp_path) == []
        child.kill()

    assert sweep(tmp_path) == [theirs]
    assert sorted(path.name for path in tmp_path.iterdir()) == [mine.path.name, f"{mine.path.name}.lock"]
    mine.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_touches_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".tmp-other").mkdir()
    (tmp_path / f"{PREFIX}file").write_text("x")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"{PREFIX}{'0' * 16}").symlink_to(tmp_path / "elsewhere")
    (tmp_path / f"{PREFIX}{'1' * 16}.lock").symlink_to(tmp_path / "elsewhere")
    (tmp_path / f"{PREFIX}{'2' * 16}.locked").write_text("x")
    before = sorted(tmp_path.iterdir())
    assert sweep(tmp_path) == []
    assert sorted(tmp_path.iterdir()) == before
    assert sweep(tmp_path / "gone") == []


def test_a_lock_file_without_folder_is_swept(tmp_path: Path) -> None:
    (tmp_path / f"{PREFIX}{'0' * 16}.lock").touch()  # a process died just after it had given the folder its name
    assert sweep(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_lock_file_is_swept(tmp_path: Path) -> None:
    left = tmp_path / f"{PREFIX}{'0' * 16}"
    left.mkdir()
    assert sweep(tmp_path) == [left]
    assert list(tmp_path.iterdir()) == []


def test_sweeps_of_several_processes_take_nothing_that_lives(tmp_path: Path) -> None:
    with Child(BUSY, tmp_path) as one, Child(BUSY, tmp_path) as two:
        assert [child.pipe.recv() for child in (one, two)] == ["done", "done"]
    assert list(tmp_path.iterdir()) == []


def test_another_thread_may_end_what_one_began(tmp_path: Path) -> None:
    staging = Staging(tmp_path / "out")
    thread = threading.Thread(target=staging.commit)
    thread.start()
    thread.join()
    assert not staging._lock.is_locked
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot remove an open file")
def test_the_lock_file_is_gone_before_the_lock_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a process could lock it in between and lose its lock file, and with it the folder that it guards."""
    staging, real, seen = Staging(tmp_path / "out"), FileLock.release, []

    def release(lock: FileLock, **options: bool) -> None:
        seen.append(Path(lock.lock_file).exists())
        real(lock, **options)

    monkeypatch.setattr(FileLock, "release", release)
    staging.commit()
    assert seen
    assert not any(seen)
