"""What is in the cache: its entries with their sizes and when each was last used."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mergelab.runtime.cache.folder_entry import RECORD
from mergelab.runtime.cache.removal import remove
from mergelab.runtime.staging import PREFIX, sweep

BLOCK = 4096
"""Bytes in which disks hand out room; files count as whole blocks."""
ABANDONED = 3600.0
"""Seconds after which an unfinished file was left by a process that died."""


@dataclass(frozen=True)
class CacheEntry:
    """Something that may be removed: of what kind, under which key, where, how large and when last used (ns)."""

    kind: str
    key: str
    place: str
    nbytes: int
    used: int

    @property
    def path(self) -> Path:
        """Where it is."""
        return Path(self.place)

    @property
    def name(self) -> str:
        """As in the marks of its users."""
        return f"{self.kind}/{self.key}"


def entries(store: Path) -> list[CacheEntry]:
    """All entries of the store, of any kind; those that vanish meanwhile are left out."""
    return [entry for folder in kind_folders(store) for found in _visible(folder) for entry in _entry(folder, found)]


def kind_folders(store: Path) -> list[Path]:
    """The folder of each kind that has entries."""
    return [Path(found.path) for found in _visible(store) if found.is_dir()]


def touch(path: Path) -> None:
    """Note that an entry is used now, also on disks that note no reading."""
    now = time.time_ns()
    with suppress(OSError):  # a cache that cannot be written
        os.utime(path / RECORD if path.is_dir() else path, ns=(now, now))


def tidy(store: Path) -> None:
    """Remove what dead processes left unfinished."""
    for folder in kind_folders(store):
        with suppress(OSError):
            sweep(folder)
            for draft in folder.glob(".*"):
                if not draft.name.startswith(PREFIX) and draft.stat().st_mtime < time.time() - ABANDONED:
                    remove(draft)


def size_of(path: Path) -> int:
    """Bytes that a file or a folder takes on disk."""
    if not path.is_dir() or path.is_symlink():
        return _blocks(path.lstat())
    return sum(size_of(child) for child in path.iterdir())


def _entry(folder: Path, found: os.DirEntry[str]) -> Iterator[CacheEntry]:
    with suppress(OSError):
        if found.is_dir(follow_symlinks=False):
            record = Path(found.path, RECORD)
            used, nbytes = record.stat().st_mtime_ns if record.exists() else 0, size_of(record.parent)
        else:  # one look at each: there may be many
            stat = found.stat(follow_symlinks=False)
            used, nbytes = stat.st_mtime_ns, _blocks(stat)
        yield CacheEntry(folder.name, found.name, found.path, nbytes, used)


def _visible(folder: Path) -> Iterator[os.DirEntry[str]]:
    """What is in a folder, without hidden names: those are unfinished, or the store's own."""
    with suppress(OSError), os.scandir(folder) as found:
        yield from (entry for entry in found if not entry.name.startswith("."))


def _blocks(stat: os.stat_result) -> int:
    return -(-stat.st_size // BLOCK) * BLOCK
