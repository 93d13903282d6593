from __future__ import annotations

from pathlib import Path

import pytest

from mergelab.checkpoints import CheckpointError
from mergelab.checkpoints.writing.model_staging import ModelStaging, new_folder


def test_a_place_that_cannot_hold_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(CheckpointError, match=r"cannot write in .*file"):
        ModelStaging(tmp_path / "file" / "out")


def test_a_new_folder_is_there_after_its_block_and_not_after_an_error(tmp_path: Path) -> None:
    with new_folder(tmp_path / "out") as folder:
        (folder / "file").write_text("x")
        assert not (tmp_path / "out").exists()
    assert (tmp_path / "out" / "file").read_text() == "x"
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "other"):
        raise KeyboardInterrupt
    with pytest.raises(CheckpointError, match="exists and is not overwritten"), new_folder(tmp_path / "out"):
        pytest.fail("the block ran")
    with pytest.raises(CheckpointError, match="has been created by another process"), new_folder(tmp_path / "late"):
        (tmp_path / "late").mkdir()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["late", "out"]
