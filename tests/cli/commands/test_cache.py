"""`mergelab cache`: what it shows, what it clears."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mergelab import cli
from mergelab.runtime.cache import SCORES, SKETCHES, store


@pytest.fixture(autouse=True)
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path))
    monkeypatch.setenv("MERGELAB_CACHE_LIMIT", "2GB")
    store().put(SCORES, "a", b"x")
    store().put(SKETCHES, "b", bytes(2_000_000))
    (tmp_path / "scores").mkdir()
    (tmp_path / "scores" / f"{'0' * 64}-cpu.json").write_text("{}")


def test_it_shows_place_limit_and_kinds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["cache"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head == f"{tmp_path}: 2.0 MB of at most 2.0 GB"
    assert [row.split()[0] for row in rows][-1] == "earlier"
    assert rows[5].split()[:4] == ["sketches", "1", "2.0", "MB"]


def test_it_shows_the_same_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["cache", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["folder"], shown["limit"]) == (str(tmp_path), 2 * 10**9)
    counts = {row["name"]: (row["entries"], row["bytes"]) for row in shown["kinds"] if row["entries"]}
    assert counts == {"scores": (1, 4096), "sketches": (1, 2_002_944), "earlier": (1, 4096)}


def test_it_clears_one_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["cache", "clear", "sketches"]) == 0
    assert capsys.readouterr().out == "removed 1 entries, 2.0 MB\n"
    assert store().get(SCORES, "a") == b"x" and store().get(SKETCHES, "b") is None


def test_it_clears_everything_of_earlier_versions_too(tmp_path: Path) -> None:
    assert cli.main(["cache", "clear"]) == 0
    assert store().entries() == [] and not (tmp_path / "scores").exists()


def test_a_kind_that_it_does_not_know_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["cache", "clear", "scroes"]) == 1
    assert "the cache has no kind 'scroes'; there are suites, converted" in capsys.readouterr().err


@pytest.mark.parametrize("limit", ["lots", "1 KiB"])
def test_a_limit_that_is_no_size_is_refused(
    limit: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MERGELAB_CACHE_LIMIT", limit)
    assert cli.main(["cache"]) == 1
    assert f"MERGELAB_CACHE_LIMIT is {limit!r}" in capsys.readouterr().err
