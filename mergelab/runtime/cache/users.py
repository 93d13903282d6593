"""Which entries running processes use. A mark is a locked file; the lock falls when its process ends, however it ends."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mergelab.runtime.cache.removal import clear_way, remove

if TYPE_CHECKING:
    from filelock import FileLock

MUTEX_TIMEOUT = 10.0
"""Seconds that a process waits for another one's short look at the marks."""


class Users:
    """The marks in `folder`, of all processes; `name` is that of an entry, kind/key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, FileLock] = {}

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While no other process marks or removes entries. Raises `OSError` where there is no such lock."""
        from filelock import FileLock

        mutex = self._folder / "mutex"
        clear_way(self._folder)
        if mutex.is_dir():
            remove(mutex)
        self._folder.mkdir(parents=True, exist_ok=True)
        with FileLock(mutex, timeout=MUTEX_TIMEOUT, poll_interval=0.005, thread_local=False):
            yield

    def mark(self, name: str) -> None:
        """Mark an entry as used by this process until it ends, so that no other one removes it."""
        if name in self._held:
            return
        with self.alone():
            self._free(name)
            self._held[name] = _locked(self._folder / f"{_flat(name)}.{secrets.token_hex(8)}")

    def uses(self, name: str) -> bool:
        """Whether a running process has marked the entry. Ask while `alone`."""
        return name in self._held or not self._free(name)

    def _free(self, name: str) -> bool:
        """Remove the marks of dead processes; whether none is left."""
        marks = self._folder.glob(f"{_flat(name)}.{'[0-9a-f]' * 16}")
        return not [path for path in marks if not _removed(path)]


def _flat(name: str) -> str:
    return name.replace("/", ",")


def _locked(path: Path) -> FileLock:
    from filelock import FileLock

    lock = FileLock(path, thread_local=False)
    lock.acquire(blocking=False)
    return lock


def _removed(path: Path) -> bool:
    with suppress(OSError):  # locked by a running process, or another person's
        lock = _locked(path)
        path.unlink(missing_ok=True)
        lock.release()
        return True
    return False
