"""Folder entries: verified when they are opened, healed, kept while a process uses them."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from checkpoints.children import Child

from mergelab.runtime.cache import SUITES, Store, folder_entry
from mergelab.runtime.cache.checksum import hash_file

OPEN = """
from pathlib import Path
from mergelab.runtime.cache import SUITES, Store
def make(folder):
    (folder / "weights").write_bytes(bytes(range(256)) * 100)
own = Store(arguments[0], 10**9)
for _ in range(arguments[1]):
    found = own.folder(SUITES, "model", make)
    assert (found / "weights").read_bytes() == bytes(range(256)) * 100
pipe.send(str(found))
pipe.recv()
"""
WEIGHTS = bytes(range(256)) * 100


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


class Maker:
    """Fills a folder and counts how often."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, folder: Path) -> None:
        self.made += 1
        (folder / "weights").write_bytes(WEIGHTS)
        (folder / "deep").mkdir()
        (folder / "deep" / "config").write_text("{}")


def opened(cache: Path, make: Callable[[Path], None]) -> Path:
    """As a new process would."""
    return Store(cache, 10**9).folder(SUITES, "model", make)


def flip(path: Path, place: int) -> None:
    """One byte, under the old time stamps."""
    stat = path.stat()
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_a_folder_is_made_once(cache: Path) -> None:
    make, own = Maker(), Store(cache, 10**9)
    first = own.folder(SUITES, "model", make)
    assert own.folder(SUITES, "model", make) == opened(cache, make) == first
    assert (first / "weights").read_bytes() == WEIGHTS and (first / "deep" / "config").exists()
    assert make.made == 1


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a byte of the content": lambda entry: flip(entry / "content" / "weights", 7),
    "the last byte": lambda entry: flip(entry / "content" / "weights", -1),
    "a byte of a file in a folder": lambda entry: flip(entry / "content" / "deep" / "config", 0),
    "a byte of the record": lambda entry: flip(entry / "record", 40),
    "a byte of the record's checksum": lambda entry: flip(entry / "record", 0),
    "a file cut short": lambda entry: os.truncate(entry / "content" / "weights", 100),
    "a file emptied": lambda entry: os.truncate(entry / "content" / "weights", 0),
    "the record emptied": lambda entry: os.truncate(entry / "record", 0),
    "a file gone": lambda entry: (entry / "content" / "deep" / "config").unlink(),
    "the content gone": lambda entry: shutil.rmtree(entry / "content"),
    "the record gone": lambda entry: (entry / "record").unlink(),
    "the entry gone": shutil.rmtree,
    "the entry a file": lambda entry: (shutil.rmtree(entry), entry.write_text("x")),
    "the entry empty": lambda entry: (shutil.rmtree(entry), entry.mkdir()),
    "the record a folder": lambda entry: ((entry / "record").unlink(), (entry / "record").mkdir()),
    "a file a folder": lambda entry: (
        (entry / "content" / "weights").unlink(),
        (entry / "content" / "weights").mkdir(),
    ),
    "a stranger in the content": lambda entry: (entry / "content" / "adapter_config.json").write_text("{}"),
    "its kind a file": lambda entry: (shutil.rmtree(entry.parent), entry.parent.write_text("x")),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_folder_is_made_again(cache: Path, damage: Callable[[Path], object]) -> None:
    make = Maker()
    found = opened(cache, make)
    damage(found.parent)
    assert opened(cache, make) == found and make.made == 2
    assert (found / "weights").read_bytes() == WEIGHTS and (found / "deep" / "config").read_text() == "{}"
    assert opened(cache, make) == found and make.made == 2


def test_files_that_systems_hide_in_folders_are_no_damage(cache: Path) -> None:
    make = Maker()
    (opened(cache, make) / ".DS_Store").write_text("x")
    opened(cache, make)
    assert make.made == 1


def test_the_same_process_notices_a_change_as_well(cache: Path) -> None:
    make, own = Maker(), Store(cache, 10**9)
    flip(own.folder(SUITES, "model", make) / "weights", 0)
    assert (own.folder(SUITES, "model", make) / "weights").read_bytes() == WEIGHTS


def test_an_entry_under_the_name_of_another_one_is_noticed(cache: Path) -> None:
    make = Maker()
    entry = opened(cache, make).parent
    shutil.copytree(entry, entry.with_name("other"))
    Store(cache, 10**9).folder(SUITES, "other", make)
    assert make.made == 2


def test_an_error_leaves_nothing(cache: Path) -> None:
    def broken(folder: Path) -> None:
        (folder / "part").write_text("x")
        raise ValueError("cannot be made")

    with pytest.raises(ValueError, match="cannot be made"):
        opened(cache, broken)
    assert list((cache / "store-1" / "suites").iterdir()) == []


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every content counts as large and settled; the files whose checksums were computed."""
    read: list[Path] = []
    monkeypatch.setattr(folder_entry, "ALWAYS_VERIFIED", 0)
    monkeypatch.setattr(folder_entry, "SETTLED_NS", 0)
    monkeypatch.setattr(folder_entry, "hash_file", lambda path: read.append(path) or hash_file(path))
    return read


def test_much_data_is_read_again_only_after_it_has_changed(cache: Path, large: list[Path]) -> None:
    make = Maker()
    found = opened(cache, make)
    opened(cache, make)
    large.clear()
    opened(cache, make)
    assert large == []
    flip(found / "weights", 0)
    opened(cache, make)
    assert make.made == 2 and large


def test_much_data_is_read_again_after_a_week(cache: Path, large: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    make = Maker()
    for _ in range(2):
        opened(cache, make)
    large.clear()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 8 * 24 * 3600)
    opened(cache, make)
    assert len(large) == 2


def test_a_file_that_was_just_written_is_read_again(
    cache: Path, large: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_entry, "SETTLED_NS", 10**12)
    for _ in range(2):
        opened(cache, Maker())
    large.clear()
    opened(cache, Maker())
    assert len(large) == 2


def test_a_damaged_note_about_verification_is_no_damage(cache: Path, large: list[Path]) -> None:
    make = Maker()
    for _ in range(2):
        found = opened(cache, make)
    flip(found.parent / "verified", 50)
    large.clear()
    opened(cache, make)
    assert make.made == 1 and len(large) == 2


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_without_a_writable_cache_a_folder_is_made_for_this_process(
    cache: Path, tmp_path: Path, code: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    real, make, own = Path.mkdir, Maker(), Store(cache, 10**9)

    def refused(self: Path, *given: int, **options: bool) -> None:
        if self.is_relative_to(cache):
            raise OSError(code, os.strerror(code))
        real(self, *given, **options)

    monkeypatch.setattr(Path, "mkdir", refused)
    found = own.folder(SUITES, "model", make)
    assert found.parent == tmp_path / "temporary" and (found / "weights").read_bytes() == WEIGHTS
    assert own.folder(SUITES, "model", make) == found and make.made == 1
    assert len(caplog.messages) == 1 and os.strerror(code) in caplog.text


def test_a_whole_entry_of_a_cache_that_cannot_be_written_is_used(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = Maker()
    found = opened(cache, make)

    def refused(*given: object, **options: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    for name in ("mkdir", "rename", "unlink", "replace", "touch"):
        monkeypatch.setattr(Path, name, refused)
    monkeypatch.setattr("filelock.FileLock.acquire", refused)
    assert opened(cache, make) == found and make.made == 1


def test_two_processes_make_one_folder_while_a_third_damages_it(cache: Path) -> None:
    with Child(OPEN, cache, 1) as one, Child(OPEN, cache, 1) as two:
        found = {child.pipe.recv() for child in (one, two)}
        for child in (one, two):
            child.pipe.send("end")
    [content] = map(Path, found)
    flip(content / "weights", 3)
    with Child(OPEN, cache, 20) as one, Child(OPEN, cache, 20) as two:
        assert {child.pipe.recv() for child in (one, two)} == found
        for child in (one, two):
            child.pipe.send("end")
    assert sorted(path.name for path in content.parent.parent.iterdir()) == ["model"]


def test_a_folder_in_use_by_a_process_stays_until_that_has_ended(cache: Path) -> None:
    own = Store(cache, 10**9)
    with Child(OPEN, cache, 1) as child:
        found = Path(child.pipe.recv())
        assert [entry.key for entry in own.remove(own.entries())] == ["model"]
        assert (found / "weights").exists()
        child.kill()
    assert own.remove(own.entries()) == []
    assert not found.exists()
    assert [path.name for path in (cache / "store-1" / ".users").iterdir()] == ["mutex"]
