"""File entries: kept, verified, healed."""

from __future__ import annotations

import errno
import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mergelab.runtime.cache import KINDS, SCORES, SKETCHES, Store, store

PUT = """
from mergelab.runtime.cache import SCORES, Store
own = Store(arguments[0], 10**9)
for count in range(200):
    own.put(SCORES, "same", b"content" * 1000)
    assert own.get(SCORES, "same") in (None, b"content" * 1000)
pipe.send("done")
"""


@pytest.fixture
def own(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache", 10**9)


def path_of(own: Store) -> Path:
    [entry] = own.entries()
    return entry.path


def test_what_is_put_comes_back_and_nothing_else_does(own: Store) -> None:
    own.put(SCORES, "a", b"content")
    own.put(SCORES, "empty", b"")
    assert own.get(SCORES, "a") == b"content"
    assert own.get(SCORES, "empty") == b""
    assert own.get(SCORES, "b") is own.get(SKETCHES, "a") is None


def test_another_content_replaces_the_old_one(own: Store) -> None:
    for content in (b"old", b"new"):
        own.put(SCORES, "a", content)
    assert own.get(SCORES, "a") == b"new"


@pytest.mark.parametrize("key", ["", ".hidden", "../up", "a/b", "a b", "ü", "a" * 201])
def test_a_key_that_is_no_plain_file_name_is_refused(own: Store, key: str) -> None:
    with pytest.raises(ValueError, match="cannot name a cache entry"):
        own.put(SCORES, key, b"")


def test_the_name_of_each_kind_is_a_plain_folder_and_there_once() -> None:
    names = [kind.name for kind in KINDS]
    assert len(set(names)) == len(names) and all(name.replace("-", "").isalpha() for name in names)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "emptied": lambda path: path.write_bytes(b""),
    "cut in its checksum": lambda path: path.write_bytes(path.read_bytes()[:20]),
    "cut in its content": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "garbage": lambda path: path.write_bytes(b"\xff" * 100),
    "a folder": lambda path: (path.unlink(), path.mkdir(), (path / "file").write_text("x")),
    "a link to nothing": lambda path: (path.unlink(), path.symlink_to("nowhere")),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_entry_counts_as_absent_and_is_replaced(own: Store, damage: Callable[[Path], object]) -> None:
    own.put(SCORES, "a", b"content")
    damage(path_of(own))
    assert own.get(SCORES, "a") is None
    own.put(SCORES, "a", b"content")
    assert own.get(SCORES, "a") == b"content"


def test_every_flipped_bit_is_noticed(own: Store) -> None:
    own.put(SCORES, "a", b"content")
    path = path_of(own)
    whole = path.read_bytes()
    for place in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        assert own.get(SCORES, "a") is None, place


def test_an_entry_under_the_name_of_another_one_is_noticed(own: Store) -> None:
    own.put(SCORES, "a", b"content")
    shutil.copy(path_of(own), path_of(own).with_name("b"))
    assert own.get(SCORES, "b") is None


def test_a_file_where_a_folder_of_the_store_should_be_makes_way(own: Store) -> None:
    for place in (own.path, own.path / "scores", own.path / ".users"):
        own.put(SCORES, "a", b"old")
        shutil.rmtree(place)
        place.write_text("in the way")
        assert own.get(SCORES, "a") == (b"old" if place.name == ".users" else None)
        own.put(SCORES, "a", b"content")
        assert own.get(SCORES, "a") == b"content"
        assert own.folder(SKETCHES, "f", lambda folder: (folder / "x").touch()).is_dir()


def test_an_entry_that_its_reader_does_not_understand_is_removed(own: Store) -> None:
    own.put(SCORES, "a", b"{}")
    assert own.recall(SCORES, "a", json.loads) == {}
    assert own.recall(SCORES, "a", lambda content: json.loads(content)["absent"]) is None
    assert own.entries() == []


def test_a_failed_put_is_told_once_and_is_no_error(
    own: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    own.put(SCORES, "a", b"old")

    def full(self: Path, *given: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    for _ in range(3):
        own.put(SCORES, "a", b"new")
    assert [record.getMessage().endswith("No space left on device)") for record in caplog.records] == [True]
    monkeypatch.undo()
    assert own.get(SCORES, "a") == b"old"
    assert [path.name for path in (own.path / "scores").iterdir()] == ["a"]


def test_a_cache_folder_that_is_a_file_costs_the_cache_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("mine")
    own = Store(tmp_path / "file", 10**9)
    own.put(SCORES, "a", b"content")
    assert own.get(SCORES, "a") is None
    assert (own.folder(SKETCHES, "f", lambda folder: (folder / "x").touch()) / "x").exists()
    assert (tmp_path / "file").read_text() == "mine"
    assert "cannot be written" in caplog.text


def test_damage_is_told_by_name(own: Store, caplog: pytest.LogCaptureFixture) -> None:
    own.put(SCORES, "a", b"content")
    path_of(own).write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        own.get(SCORES, "a")
    assert caplog.messages == ["mergelab: the cache entry scores/a is damaged and is made again (it has changed)"]


def test_two_processes_that_write_the_same_entry_leave_a_whole_one(tmp_path: Path, own: Store) -> None:
    from checkpoints.children import Child

    with Child(PUT, own.cache) as one, Child(PUT, own.cache) as two:
        for _ in range(200):
            own.remove(own.entries())
            assert own.get(SCORES, "same") in (None, b"content" * 1000)
        assert [child.pipe.recv() for child in (one, two)] == ["done", "done"]
    own.put(SCORES, "same", b"content" * 1000)
    assert own.get(SCORES, "same") == b"content" * 1000
    assert [path.name for path in (own.path / "scores").iterdir()] == ["same"]


def test_the_store_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path))
    assert store() is store() and store().cache == tmp_path
    monkeypatch.setenv("MERGELAB_CACHE_LIMIT", "5MB")
    assert store().limit == 5 * 10**6
