from __future__ import annotations

from pathlib import Path

import pytest

from mergelab.runtime.cache import write_atomically


def test_parts_are_written_behind_each_other(tmp_path: Path) -> None:
    write_atomically(tmp_path / "deep" / "file", b"a", b"", b"bc")
    assert (tmp_path / "deep" / "file").read_bytes() == b"abc"


def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deep" / "record.json"
    write_atomically(path, b"old")

    def refused(self: Path, target: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, b"new")
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]
