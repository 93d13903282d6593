"""What versions before this one kept in the cache folder. Nothing reads it any more; it is the first to go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mergelab.runtime.cache.contents import CacheEntry, size_of

EARLIER = "earlier"
"""The name of these entries in `mergelab cache`."""
HASH = "[0-9a-f]{64}"
LAYOUT = {
    "first-sight": rf"{HASH}\.json",
    "gguf": HASH,
    "hashes": rf"{HASH}\.json",
    "scores": rf"{HASH}-[\w:]+\.json",
    "sketches": rf"{HASH}\.npz",
    "statistics": rf"{HASH}\.safetensors",
    "suites": r"[\w.-]+-[0-9a-f]{16}",
    "tensor-maps": rf"{HASH}\.npz",
}
"""Folder -> the names in it. Anything else there is not MergeLab's."""


def earlier_entries(cache: Path) -> Iterator[CacheEntry]:
    """The entries of earlier versions in a cache folder."""
    for folder, names in LAYOUT.items():
        with suppress(OSError):
            for path in (cache / folder).iterdir():
                if re.fullmatch(names, path.name):
                    yield CacheEntry(EARLIER, f"{folder}/{path.name}", str(path), size_of(path), 0)


def drop_empty_folders(cache: Path) -> None:
    """Remove the folders of earlier versions that have nothing left."""
    for folder in LAYOUT:
        with suppress(OSError):
            (cache / folder).rmdir()
