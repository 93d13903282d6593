from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from mergelab.runtime.cache.location import LIMIT, cache_folder, cache_limit, parse_size


def test_the_environment_chooses_the_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no XDG_CACHE_HOME")
def test_without_a_choice_it_is_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MERGELAB_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "mergelab"


@pytest.mark.parametrize(
    ("text", "expected"), [("0", 0), ("20GB", 20 * 10**9), ("1.5 gb", 15 * 10**8), ("500M", 5 * 10**8), ("7k", 7000)]
)
def test_sizes_are_read(text: str, expected: int) -> None:
    assert parse_size(text) == expected


@pytest.mark.parametrize("text", ["much", "-1", "20 GiB", ""])
def test_another_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"MERGELAB_CACHE_LIMIT is .*; give a size such as 20GB"):
        parse_size(text)


def test_the_limit_is_chosen_or_fits_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(total=50 * 10**9))
    assert cache_limit(tmp_path / "not" / "there") == 5 * 10**9
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(total=10**13))
    assert cache_limit(tmp_path) == LIMIT
    monkeypatch.setenv("MERGELAB_CACHE_LIMIT", "3MB")
    assert cache_limit(tmp_path) == 3 * 10**6
