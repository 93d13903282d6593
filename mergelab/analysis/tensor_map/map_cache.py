"""Maps on disk, by content: the ones used last, within a size."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mergelab.analysis.tensor_map.build_map import TensorMap, build_map
from mergelab.analysis.tensor_map.tensor_session import TensorSession
from mergelab.runtime.cache import cache_folder
from mergelab.runtime.progress import ProgressGen

MOST_BYTES = 512 << 20
"""What all maps together may take."""


def cached_map(desk: TensorSession, key: str, name: str) -> ProgressGen[TensorMap]:
    """The map called `name` from the cache, else a new one that is kept there. The name tells all that a map depends on."""
    path = _folder() / f"{name}.npz"
    if found := _read(path):
        return found
    built = yield from build_map(desk, key)
    built.save(path)
    _make_room(path)
    return built


def _folder() -> Path:
    return cache_folder() / "tensor-maps"


def _read(path: Path) -> TensorMap | None:
    """A map of the cache, or None when there is none or it is damaged: it can be built again."""
    try:
        found = TensorMap.load(path)
        path.touch()
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
    return found


def _make_room(newest: Path) -> None:
    """Drop the maps that were not used for longest; another process may do the same."""
    taken = 0
    for path, size in _by_use():
        taken += size
        if taken > MOST_BYTES and path != newest:
            path.unlink(missing_ok=True)


def _by_use() -> Iterator[tuple[Path, int]]:
    found = []
    for path in _folder().glob("*.npz"):
        with suppress(OSError):
            found.append((path.stat().st_mtime, path, path.stat().st_size))
    return ((path, size) for _, path, size in sorted(found, reverse=True))
