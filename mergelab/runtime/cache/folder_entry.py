"""An entry that is a folder: its content, the checksums of its files, and when these were last verified.

ENTRY/content/…     what was made
ENTRY/record        size and BLAKE3 of each file of the content
ENTRY/verified      identity of each file when its checksum was last found right
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mergelab.runtime.cache.atomic import write_atomically
from mergelab.runtime.cache.checksum import HEADER, checksum, hash_file

CONTENT, RECORD, VERIFIED = "content", "record", "verified"
ALWAYS_VERIFIED = 32 << 20
"""Bytes of content up to which every process computes all checksums when it first opens the folder."""
SETTLED_NS = 2_000_000_000
"""A file that changed less than this ago may change again without its time stamps changing."""
VERIFIED_FOR = 7 * 24 * 3600.0
"""Seconds after which all checksums are computed again although no file has changed: disks lose bits too."""

Identity = list[int]
"""Inode, size, mtime and ctime of a file. Every write sets the ctime, and no program can set it back."""
Identities = dict[str, Identity]


class DamageError(Exception):
    """An entry is not what was stored; the message says why."""


@dataclass(frozen=True)
class FolderEntry:
    """The folder entry at `path`; its `name` (kind/key) is part of its checksums."""

    path: Path
    name: str

    @property
    def content(self) -> Path:
        """The folder that was made."""
        return self.path / CONTENT

    def seal(self) -> None:
        """Record what the content holds now."""
        files = _files(self.content)
        self._write(RECORD, {name: [path.stat().st_size, hash_file(path)] for name, path in files.items()})

    def identities(self) -> Identities:
        """The identities of the files as they are."""
        return _identities(_files(self.content))

    def verify(self, known: Identities | None = None) -> Identities:
        """The identities of the files, which all have their checksums; files with identities `known` are not read.

        Raises `DamageError` otherwise, and `FileNotFoundError` where there is no entry.
        """
        self.path.lstat()
        try:
            record, files = self._read(RECORD), _files(self.content)
            found = _identities(files)
            _compare_sizes(record, found)
            if found != known and not self._verified_before(found):
                _compare_checksums(record, files)
                self._remember(found)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise DamageError(str(error) or type(error).__name__) from error
        return found

    def _verified_before(self, found: Identities) -> bool:
        """Whether another process has verified these files lately, so that reading much data can be spared."""
        if _total(found) <= ALWAYS_VERIFIED:
            return False
        try:
            last = self._read(VERIFIED)
            return bool(last["files"] == found) and 0 <= time.time() - last["at"] < VERIFIED_FOR
        except (OSError, ValueError, KeyError, TypeError):  # never verified, or a damaged note
            return False

    def _remember(self, found: Identities) -> None:
        changed = max((max(mtime, ctime) for _, _, mtime, ctime in found.values()), default=0)
        if _total(found) > ALWAYS_VERIFIED and changed < time.time_ns() - SETTLED_NS:
            with suppress(OSError):  # a cache that cannot be written
                self._write(VERIFIED, {"files": found, "at": time.time()})

    def _write(self, part: str, value: object) -> None:
        content = json.dumps(value, sort_keys=True).encode()
        write_atomically(self.path / part, checksum(f"{self.name}/{part}", content), content)

    def _read(self, part: str) -> dict[str, Any]:
        sealed = (self.path / part).read_bytes()
        header, content = sealed[:HEADER], sealed[HEADER:]
        if header != checksum(f"{self.name}/{part}", content):
            raise ValueError(f"{part} has changed")
        value: dict[str, Any] = json.loads(content)
        return value


def _files(folder: Path) -> dict[str, Path]:
    """Every file below `folder` by its relative name, without what systems hide there (.DS_Store, .nfs…)."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("[!.]*") if not path.is_dir()}
    return dict(sorted(found.items()))


def _identities(files: Mapping[str, Path]) -> Identities:
    return {name: _identity(path.lstat()) for name, path in files.items()}


def _identity(stat: os.stat_result) -> Identity:
    return [stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]


def _total(found: Identities) -> int:
    return sum(size for _, size, _, _ in found.values())


def _compare_sizes(record: Mapping[str, Any], found: Identities) -> None:
    if strangers := sorted(record.keys() ^ found.keys()):
        raise ValueError(f"{strangers[0]} is {'missing' if strangers[0] in record else 'not part of it'}")
    for name, (_, size, _, _) in found.items():
        if size != record[name][0]:
            raise ValueError(f"{name} has {size} bytes instead of {record[name][0]}")


def _compare_checksums(record: Mapping[str, Any], files: Mapping[str, Path]) -> None:
    for name, path in files.items():
        if hash_file(path) != record[name][1]:
            raise ValueError(f"{name} has changed")
