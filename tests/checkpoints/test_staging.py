from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mergelab.checkpoints import CheckpointError, sweep
from mergelab.checkpoints.staging import PREFIX, Staging

HOLD = """
import sys, time
from pathlib import Path
from mergelab.checkpoints.staging import Staging
print(Staging(Path(sys.argv[1])).path, flush=True)
time.sleep(60)
"""


def test_a_folder_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    staging = Staging(tmp_path / "deep" / "out")
    (staging.path / "file").write_text("x")
    assert not (tmp_path / "deep" / "out").exists()

    staging.commit()

    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]
    assert (tmp_path / "deep" / "out" / "file").read_text() == "x"


def test_a_taken_name_is_left_alone(tmp_path: Path) -> None:
    staging = Staging(tmp_path / "out")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "theirs").write_text("x")
    with pytest.raises(FileExistsError):
        staging.commit()
    staging.discard()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "theirs").exists()


def test_a_sweep_spares_what_is_in_use_and_removes_what_a_dead_process_left(tmp_path: Path) -> None:
    mine = Staging(tmp_path / "mine")
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "theirs")], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    with child:
        theirs = Path(child.stdout.readline().strip())
        assert sweep(tmp_path) == []
        child.kill()

    assert sweep(tmp_path) == [theirs]
    assert [path.name for path in tmp_path.iterdir()] == [mine.path.name]
    mine.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_touches_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".tmp-other").mkdir()
    (tmp_path / f"{PREFIX}file").write_text("x")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "elsewhere")
    before = sorted(tmp_path.iterdir())
    assert sweep(tmp_path) == []
    assert sorted(tmp_path.iterdir()) == before
    assert sweep(tmp_path / "gone") == []


def test_a_place_that_cannot_hold_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(CheckpointError, match=r"cannot write in .*file"):
        Staging(tmp_path / "file" / "out")
