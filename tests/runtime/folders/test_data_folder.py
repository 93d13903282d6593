from __future__ import annotations

from pathlib import Path

import pytest
from platformdirs import user_data_path

from mergelab.runtime.folders.data_folder import data_folder


def test_the_variable_names_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MERGELAB_DATA", str(tmp_path))
    assert data_folder() == tmp_path


def test_without_it_the_users_own_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MERGELAB_DATA")
    assert data_folder() == user_data_path("mergelab", appauthor=False)
