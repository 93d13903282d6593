"""Where the cache is and how large it may grow."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from platformdirs import user_cache_path

LIMIT = 20 * 10**9
"""Bytes that the cache may take, or a tenth of its disk if that is less."""
LIMIT_VARIABLE = "MERGELAB_CACHE_LIMIT"
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kMGT]?)B?", re.IGNORECASE)
POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def cache_folder() -> Path:
    """$MERGELAB_CACHE, or the user's cache folder for mergelab. It may not exist yet."""
    chosen = os.environ.get("MERGELAB_CACHE")
    return Path(chosen).expanduser() if chosen else user_cache_path("mergelab", appauthor=False)


def cache_limit(folder: Path) -> int:
    """$MERGELAB_CACHE_LIMIT in bytes, or the default for the disk that holds `folder`. Raises `ValueError`."""
    chosen = os.environ.get(LIMIT_VARIABLE)
    return parse_size(chosen) if chosen else min(LIMIT, _disk_size(folder) // 10)


def parse_size(text: str) -> int:
    """Bytes in a size such as 500MB, 1.5 GB or 20000000000; units are powers of 1000."""
    match = SIZE.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{LIMIT_VARIABLE} is {text!r}; give a size such as 20GB or 500MB")
    return int(float(match[1]) * 1000 ** POWERS[match[2].lower()])


def _disk_size(folder: Path) -> int:
    existing = next((place for place in (folder, *folder.absolute().parents) if place.is_dir()), Path("/"))
    try:
        return shutil.disk_usage(existing).total
    except OSError:
        return 10 * LIMIT
