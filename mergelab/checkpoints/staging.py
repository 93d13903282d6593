"""A folder that appears whole or not at all: built under a hidden name beside its target, then renamed."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from pathlib import Path

from mergelab.checkpoints.errors import CheckpointError

PREFIX = ".tmp-mergelab-"
"""Hidden names of unfinished folders. Long enough that `sweep` cannot hit a folder of another program."""


class Staging:
    """An unfinished sibling of `target`, locked by this process for as long as it lives.

    `path` is where to write. End with `commit()` or `discard()`; if the process dies instead, the lock falls and the
    next `sweep` of the parent folder removes what is left.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self.path, self._lock = _locked_folder(target.parent)
        except OSError as error:
            raise CheckpointError(
                f"cannot write in {target.parent}: {error.strerror}; choose another folder"
            ) from error

    def commit(self) -> None:
        """Make everything durable and give the folder its name.

        Raises `FileExistsError` if the name is taken; after any error, call `discard`.
        """
        for path in self.path.iterdir():
            _sync(path)
        _sync(self.path)
        if os.path.lexists(self.target):
            raise FileExistsError(f"{self.target} exists")
        try:
            self.path.rename(self.target)
        except OSError as error:  # the name was taken since the look above
            raise FileExistsError(f"{self.target} exists") from error
        _sync(self.target.parent)
        os.close(self._lock)

    def discard(self) -> None:
        """Remove the unfinished folder."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def sweep(parent: Path) -> list[Path]:
    """Remove the unfinished folders in `parent` whose process is gone, and list them."""
    removed = []
    for path in parent.glob(f"{PREFIX}*") if parent.is_dir() else ():
        lock = _lock(path)
        if lock is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(lock)
            removed.append(path)
    return removed


def _locked_folder(parent: Path) -> tuple[Path, int]:
    """A new hidden folder in `parent` and the descriptor that holds its lock."""
    while True:
        path = parent / f"{PREFIX}{secrets.token_hex(8)}"
        path.mkdir()
        lock = _lock(path)
        if lock is not None and path.is_dir():  # a sweep may have come between the two steps: then begin again
            return path, lock
        if lock is not None:
            os.close(lock)


def _lock(folder: Path) -> int | None:
    """A descriptor that holds the only lock on `folder`, or None when another process holds it or it is gone."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
