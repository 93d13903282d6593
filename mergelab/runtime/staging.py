"""A folder that appears whole or not at all: built under a hidden name beside its target, then renamed."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX = ".tmp-mergelab-"
"""Hidden names of unfinished folders. Long enough that `sweep` cannot hit a folder of another program."""
NAMES = re.compile(rf"({re.escape(PREFIX)}[0-9a-f]{{16}})(\.lock)?")
"""An unfinished folder, or the lock file beside it: inside, it would keep Windows from renaming the folder."""


class Staging:
    """An unfinished sibling of `target`, locked for as long as this object and its process live.

    `path` is where to write. End with `commit()` or `discard()`; if the process dies instead, the lock falls and the
    next `sweep` of the parent folder removes what is left.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        target.parent.mkdir(parents=True, exist_ok=True)
        self.path, self._lock = _locked_folder(target.parent)

    def commit(self) -> None:
        """Make everything durable and give the folder its name.

        Raises `FileExistsError` if the name is taken; after any error, call `discard`.
        """
        for path in [*self.path.rglob("*"), self.path]:
            _sync_folder(path) if path.is_dir() else _sync_file(path)
        self.publish()
        _sync_folder(self.target.parent)

    def publish(self) -> None:
        """Give the folder its name, as `commit` does. After a power cut its files may be empty or short."""
        if os.path.lexists(self.target):
            raise FileExistsError(f"{self.target} exists")
        try:
            self.path.rename(self.target)
        except OSError as error:  # the name was taken since the look above
            raise FileExistsError(f"{self.target} exists") from error
        _unlock(self.path, self._lock)

    def discard(self) -> None:
        """Remove the unfinished folder."""
        _remove(self.path, self._lock)


def sweep(parent: Path) -> list[Path]:
    """Remove the unfinished folders in `parent` whose process is gone, and list them; left lock files go with them."""
    removed = []
    for path in _unfinished(parent):
        with suppress(OSError):  # in use, or another person's
            lock = _lock(path)
            if path.is_dir():
                removed.append(path)
            _remove(path, lock)
    return removed


def _unfinished(parent: Path) -> list[Path]:
    """Folders that are being built in `parent` or were left, also where only the lock file is there."""
    entries = parent.iterdir() if parent.is_dir() else ()
    matches = [(entry, NAMES.fullmatch(entry.name)) for entry in entries]
    return sorted({parent / match[1] for entry, match in matches if match and not entry.is_symlink()})


def _locked_folder(parent: Path) -> tuple[Path, FileLock]:
    """A new hidden folder in `parent` and its lock, taken first: the folder never stands there without."""
    while True:
        path = parent / f"{PREFIX}{secrets.token_hex(8)}"
        try:
            lock = _lock(path)
        except Timeout:  # a sweep came between making the lock file and locking it: begin again
            continue
        try:
            path.mkdir()
        except OSError:
            _unlock(path, lock)
            raise
        return path, lock


def _lock_file(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _lock(folder: Path) -> FileLock:
    """The only lock on `folder`. Raises `Timeout`, an `OSError`, when it is held already."""
    lock = FileLock(_lock_file(folder), thread_local=False)  # a merge may end in another thread than it began
    lock.acquire(blocking=False)
    return lock


def _remove(folder: Path, lock: FileLock) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _unlock(folder, lock)


def _unlock(folder: Path, lock: FileLock) -> None:
    """Remove the lock file and give the lock back, in this order: who locks a removed file, filelock tells apart."""
    with suppress(OSError):  # Windows removes no open file; there `release` does it
        _lock_file(folder).unlink()
    lock.release()


def _sync_file(path: Path) -> None:
    with path.open("r+b") as file:  # Windows syncs only what is open for writing
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    """Make the names in a folder durable, where the system can: Windows cannot open a folder as a file."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
