"""One store for everything that can be made again."""

from __future__ import annotations

import errno
import logging
import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TypeVar

from mergelab.runtime.cache.atomic import write_atomically
from mergelab.runtime.cache.checksum import HEADER, checksum
from mergelab.runtime.cache.contents import BLOCK, CacheEntry, size_of, tidy, touch
from mergelab.runtime.cache.earlier import drop_empty_folders
from mergelab.runtime.cache.entry_kinds import EntryKind
from mergelab.runtime.cache.eviction import all_entries, evict, make_room
from mergelab.runtime.cache.folder_entry import FolderEntry
from mergelab.runtime.cache.folders import Folders, Make
from mergelab.runtime.cache.location import LIMIT_VARIABLE, cache_folder, cache_limit
from mergelab.runtime.cache.removal import clear_way, remove
from mergelab.runtime.cache.users import Users

LAYOUT = "store-1"
"""The folder of the store; another name when entries are laid out in another way."""
KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")
UNCOUNTED = 100
"""A process counts the store again when it has added this fraction of the limit."""
UNWRITABLE = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EIO,
    errno.ENOTDIR,
    errno.EEXIST,
}
"""Errors after which a folder is made outside the cache."""

T = TypeVar("T")
log = logging.getLogger("mergelab.cache")


class Store:
    """Entries by kind and key in the folder `cache`, within `limit` bytes. Safe for several processes and threads.

    A damaged entry counts as absent and is removed. Where the cache cannot be written, work goes on without it.
    """

    def __init__(self, cache: Path, limit: int) -> None:
        self.cache, self.limit, self.path = cache, limit, cache / LAYOUT
        self._users = Users(self.path / ".users")
        self._folders = Folders(self._users, self._tell_damage)
        self._uncounted = limit
        self._told = False

    def get(self, kind: EntryKind, key: str) -> bytes | None:
        """The content of a file entry, or None where there is none."""
        name, path = self._place(kind, key)
        try:
            with path.open("rb", buffering=0) as file:
                header, content = file.read(HEADER), file.readall()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            self._drop(name, path, str(error))
            return None
        if header != checksum(name, content):
            self._drop(name, path, "it has changed")
            return None
        touch(path)
        return content

    def recall(self, kind: EntryKind, key: str, decode: Callable[[bytes], T]) -> T | None:
        """A file entry, decoded; None where there is none, or one that another version wrote in another way."""
        content = self.get(kind, key)
        try:
            return None if content is None else decode(content)
        except Exception as error:  # each decoder has errors of its own, and every entry can be made again
            self._drop(*self._place(kind, key), f"{type(error).__name__}: {error}")
            return None

    def put(self, kind: EntryKind, key: str, content: bytes) -> None:
        """Keep `content` as a file entry. Where that fails, work goes on without."""
        name, path = self._place(kind, key)
        try:
            clear_way(path.parent)
            if path.is_dir():
                remove(path)
            write_atomically(path, checksum(name, content), content)
        except OSError as error:
            self._tell_unwritable(error)
        else:
            self._count(name, len(content) + BLOCK)

    def folder(self, kind: EntryKind, key: str, make: Make) -> Path:
        """The content of a folder entry; `make` fills it where there is none.

        It stays for as long as this process lives. Where the cache cannot be written, it is outside, for this process alone.
        """
        name, path = self._place(kind, key)
        entry = FolderEntry(path, name)
        try:
            return self._folders.private(name) or self._folders.kept(entry) or self._make(entry, make)
        except OSError as error:
            if error.errno not in UNWRITABLE:
                raise
            self._tell_unwritable(error)
            return self._folders.made_private(name, make)

    def has(self, kind: EntryKind, key: str) -> bool:
        """Whether there is an entry, whole or not."""
        return self._place(kind, key)[1].exists()

    def entries(self) -> list[CacheEntry]:
        """Everything in the cache folder that MergeLab made, by earlier versions too."""
        return all_entries(self.cache, self.path)

    def remove(self, found: Iterable[CacheEntry]) -> list[CacheEntry]:
        """Remove entries. Returns those that stay, because a running process uses them or the system refuses."""
        left = [entry for entry in found if not evict(entry, self._users)]
        tidy(self.path)
        drop_empty_folders(self.cache)
        return left

    def _place(self, kind: EntryKind, key: str) -> tuple[str, Path]:
        if not KEY.fullmatch(key):
            raise ValueError(f"{key!r} cannot name a cache entry")
        return f"{kind.name}/{key}", self.path / kind.name / key

    def _make(self, entry: FolderEntry, make: Make) -> Path:
        made = self._folders.made(entry, make)
        with suppress(OSError):  # replaced by another process meanwhile, which counts it
            self._count(entry.name, size_of(entry.path))
        return made

    def _drop(self, name: str, path: Path, reason: str) -> None:
        self._tell_damage(name, reason)
        remove(path)

    def _count(self, name: str, added: int) -> None:
        """Keep within the limit: at least every hundredth of it, so that it holds for one process, and nearly for several."""
        self._uncounted += added
        slack = self.limit // UNCOUNTED
        if added > self.limit:
            told = "mergelab: the cache entry %s has %d bytes, more than the %d of the whole cache; set %s to keep it"
            log.warning(told, name, added, self.limit, LIMIT_VARIABLE)
        if self._uncounted > slack:
            make_room(self.cache, self.path, self._users, self.limit - slack, newest=name)
            self._uncounted = 0

    def _tell_damage(self, name: str, reason: str) -> None:
        log.warning("mergelab: the cache entry %s is damaged and is made again (%s)", name, reason)

    def _tell_unwritable(self, error: OSError) -> None:
        if not self._told:
            log.warning("mergelab: the cache %s cannot be written, results are not kept (%s)", self.cache, error)
        self._told = True


def store() -> Store:
    """The store of this process."""
    return _store(cache_folder(), os.environ.get(LIMIT_VARIABLE))


@cache
def _store(folder: Path, limit: str | None) -> Store:
    """`limit` is part of the key, so that another one is heeded."""
    return Store(folder, cache_limit(folder))
