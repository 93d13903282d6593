"""Folders that appear only when complete: built under a hidden name next to the target, then renamed."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from mergelab.checkpoints.files.errors import CheckpointError

PREFIX = ".tmp-mergelab-"
"""Prefix of unfinished folders, specific enough that `sweep` cannot remove folders of other programs."""
NAMES = re.compile(rf"({re.escape(PREFIX)}[0-9a-f]{{16}})(\.lock)?")
"""An unfinished folder, or the lock file next to it: inside it, the file would keep Windows from renaming the folder."""


class Staging:
    """An unfinished sibling of `target`, locked for as long as this object and its process live.

    Write to `path`, then call `commit()` or `discard()`. If the process dies, the lock is released, and the next `sweep`
    of the parent folder removes the unfinished folder.
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
        """Sync all files to disk and rename the folder to `target`.

        Raises `FileExistsError` if `target` exists; after any error, call `discard`.
        """
        for path in self.path.iterdir():
            _sync_file(path)
        _sync_folder(self.path)
        if os.path.lexists(self.target):
            raise FileExistsError(f"{self.target} exists")
        try:
            self.path.rename(self.target)
        except OSError as error:  # created since the check above
            raise FileExistsError(f"{self.target} exists") from error
        _sync_folder(self.target.parent)
        _unlock(self.path, self._lock)

    def discard(self) -> None:
        """Remove the unfinished folder."""
        _remove(self.path, self._lock)


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Context manager with a folder to fill; it becomes `out` if the block ends without an error.

    Raises `CheckpointError` if `out` exists; an existing folder is never touched.
    """
    if os.path.lexists(out):
        raise CheckpointError(f"{out} exists and is not overwritten; choose another name or move it away")
    sweep(out.parent)
    staging = Staging(out)
    try:
        yield staging.path
        staging.commit()
    except FileExistsError as error:
        staging.discard()
        raise CheckpointError(f"{out} has been created by another process; it is not overwritten") from error
    except BaseException:
        staging.discard()
        raise


def sweep(parent: Path) -> list[Path]:
    """Remove and list the unfinished folders in `parent` whose process has ended; stale lock files are removed too."""
    removed = []
    for path in _unfinished(parent):
        with suppress(OSError):  # in use, or owned by another user
            lock = _lock(path)
            if path.is_dir():
                removed.append(path)
            _remove(path, lock)
    return removed


def _unfinished(parent: Path) -> list[Path]:
    """Unfinished folders in `parent`, in use or abandoned, including those of which only the lock file exists."""
    entries = [entry for entry in parent.iterdir() if not entry.is_symlink()] if parent.is_dir() else []
    matches = (NAMES.fullmatch(entry.name) for entry in entries)
    return [parent / name for name in sorted({match[1] for match in matches if match})]


def _locked_folder(parent: Path) -> tuple[Path, FileLock]:
    """A new hidden folder in `parent` and its lock. The lock is taken first, so that the folder is never unlocked."""
    while True:
        path = parent / f"{PREFIX}{secrets.token_hex(8)}"
        try:
            lock = _lock(path)
        except Timeout:  # a sweep locked the file right after its creation: try another name
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
    """The exclusive lock on `folder`. Raises `Timeout`, an `OSError`, if it is already held."""
    lock = FileLock(_lock_file(folder), thread_local=False)  # a merge may end in a different thread
    lock.acquire(blocking=False)
    return lock


def _remove(folder: Path, lock: FileLock) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _unlock(folder, lock)


def _unlock(folder: Path, lock: FileLock) -> None:
    """Remove the lock file, then release the lock; filelock detects that a process has locked a removed file."""
    with suppress(OSError):  # Windows cannot remove an open file; there, `release` removes it
        _lock_file(folder).unlink()
    lock.release()


def _sync_file(path: Path) -> None:
    with path.open("r+b") as file:  # Windows can sync only files open for writing
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    """Sync the names in a folder to disk; not on Windows, which cannot open a folder as a file."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
