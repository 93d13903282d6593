"""Folder entries: opened once they are found whole, made where they are not."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from mergelab.runtime.cache.contents import touch
from mergelab.runtime.cache.folder_entry import DamageError, FolderEntry, Identities
from mergelab.runtime.cache.removal import clear_way, remove, set_aside
from mergelab.runtime.cache.users import Users
from mergelab.runtime.staging import Staging, sweep

ATTEMPTS = 5
"""How often a folder is made and then found changed by other processes before that is an error."""

Make = Callable[[Path], None]


class Folders:
    """Opens and makes folder entries for this process. `tell_damage` hears of each damaged one: its name and why."""

    def __init__(self, users: Users, tell_damage: Callable[[str, str], None]) -> None:
        self._users, self._tell_damage = users, tell_damage
        self._known: dict[str, Identities] = {}
        self._private: dict[str, Staging] = {}

    def kept(self, entry: FolderEntry) -> Path | None:
        """The content of an entry that is whole, marked as in use; None where there is none. A damaged one is removed."""
        with suppress(OSError):  # a cache that cannot be written: nobody removes anything there either
            self._users.mark(entry.name)
        try:
            before = _identity(entry.path)
            self._known[entry.name] = entry.verify(self._known.get(entry.name))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except DamageError as damage:
            self._tell_damage(entry.name, str(damage))
            self._discard(entry, before)
            return None
        touch(entry.path)
        return entry.content

    def made(self, entry: FolderEntry, make: Make) -> Path:
        """The content of an entry that `make` has filled, or another process meanwhile. Raises `OSError`."""
        for _ in range(ATTEMPTS):
            clear_way(entry.path.parent)
            if not os.path.lexists(entry.path):
                self._make(entry, make)
            if found := self.kept(entry):
                return found
        raise OSError(errno.EIO, "a damaged entry cannot be replaced", str(entry.path))

    def private(self, name: str) -> Path | None:
        """What was made for this process alone, outside the cache."""
        return self._private[name].path if name in self._private else None

    def made_private(self, name: str, make: Make) -> Path:
        """The same, made now. It goes when a process that makes another one finds that this one has ended."""
        parent = Path(tempfile.gettempdir())
        sweep(parent)
        self._private[name] = _filled(Staging(parent / "unnamed"), make)
        return self._private[name].path

    def _make(self, entry: FolderEntry, make: Make) -> None:
        sweep(entry.path.parent)
        staging = _filled(Staging(entry.path), lambda folder: _fill(FolderEntry(folder, entry.name), make))
        known = FolderEntry(staging.path, entry.name).identities()
        try:
            staging.publish()
            self._known[entry.name] = known
        except FileExistsError:  # another process was faster
            staging.discard()

    def _discard(self, entry: FolderEntry, before: tuple[int, int]) -> None:
        """Remove the damaged entry, unless another process has put a new one in its place."""
        aside = None
        with suppress(OSError), self._users.alone():
            if _identity(entry.path) == before:
                aside = set_aside(entry.path)
        if aside:
            remove(aside)


def _fill(entry: FolderEntry, make: Make) -> None:
    entry.content.mkdir()
    make(entry.content)
    entry.seal()


def _filled(staging: Staging, make: Make) -> Staging:
    try:
        make(staging.path)
    except BaseException:
        staging.discard()
        raise
    return staging


def _identity(path: Path) -> tuple[int, int]:
    stat = path.lstat()
    return stat.st_ino, stat.st_ctime_ns
