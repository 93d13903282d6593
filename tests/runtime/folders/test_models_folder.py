"""What lies in the models folder is decided by its text and its links, never by what stands elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mergelab.runtime.folders.models_folder import place_inside, told_outside


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    (folder / "mine").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    (folder / "out").symlink_to(tmp_path / "secret")
    (folder / "again").symlink_to("mine")
    (folder / "round").symlink_to("round")
    monkeypatch.chdir(tmp_path)
    return folder


def test_names_inside_keep_their_place(models: Path) -> None:
    for named in (models / "mine", Path("models/mine"), models / "again" / "x.gguf", models / "not there", models):
        assert place_inside(models, named) == Path.cwd() / named
    assert place_inside(models, models / "mine" / ".." / "again") == models / "again"
    assert place_inside(models, models / "out" / ".." / "mine") == models / "mine", "`..` belongs to the text"


def test_the_folder_itself_may_be_reached_by_a_link(models: Path, tmp_path: Path) -> None:
    (tmp_path / "shortcut").symlink_to(models)
    for named in (tmp_path / "shortcut" / "mine", models / "mine"):
        assert place_inside(tmp_path / "shortcut", named) == models / "mine"


@pytest.mark.parametrize(
    "named", ["secret", "nowhere", "models/../secret", "models/out", "models/out/x", "/etc/passwd", "models2", "a\0b"]
)
def test_everything_else_is_outside(models: Path, named: str) -> None:
    assert place_inside(models, named) is None
    assert told_outside(named).startswith(f"{named} is outside the models folder")


def test_nothing_outside_is_looked_at(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    real = os.lstat

    def noted(path: str) -> os.stat_result:
        looked.append(os.fspath(path))
        return real(path)

    monkeypatch.setattr(os, "lstat", noted)
    for named in ("secret/a", "models/../secret/a", "models/out/a", "/etc/passwd"):
        assert place_inside(models, named) is None
    assert [path for path in looked if path.endswith(("/a", "passwd"))] == []
