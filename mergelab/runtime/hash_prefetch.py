"""Prefetches hashes: hashes a recipe's models while torch is imported, which uses only one core."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from io import BufferedReader
from pathlib import Path
from threading import Thread
from typing import Any

from mergelab.runtime import hashing
from mergelab.runtime.yaml_text import parse_yaml, read_text

WEIGHTS = "model.safetensors"
PART = 16 << 20
"""Bytes per read: large, because the thread waits for the GIL after each one."""


def folders_in(recipe: Path) -> list[Path]:
    """The folders named in a recipe's file; empty for an invalid recipe, which is reported when it is checked."""
    try:
        given = parse_yaml(read_text(recipe))
        entries = given["slices"] if "slices" in given else given["models"]
        models = [each["model"] if isinstance(each, dict) else each for each in entries]
        return [Path(name) for name in (given["base"], *models) if name and Path(name).is_dir()]
    except (ValueError, KeyError, TypeError, OSError):
        return []


def prefetch_hashes(folders: Iterable[Path]) -> None:
    """Start hashing, in the background, the model folders that have a single weight file; others are skipped.

    `hashing.known_hash` waits for a hash that is under way. Invalid files are skipped; opening the model reports them.
    """
    files = [folder / WEIGHTS for folder in dict.fromkeys(folders) if (folder / WEIGHTS).is_file()]
    unknown = {hashing.stamp_of([file]): file for file in files if hashing.known_hash([file]) is None}
    hashing.under_way.update({stamp: Future() for stamp in unknown})
    Thread(target=_hash_all, args=(unknown,), daemon=True).start()


def _hash_all(files: Mapping[str, Path]) -> None:
    for stamp, file in files.items():
        found = None
        try:
            made = _hash_of(file)
            if hashing.stamp_of([file]) == stamp:  # the file has not changed in the meantime
                hashing.keep_hash([file], made)
                found = made
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # not a safetensors file: opening the model reports the error
        finally:
            hashing.under_way.pop(stamp).set_result(found)


def _hash_of(file: Path) -> str:
    with file.open("rb") as opened:
        start = 8 + int.from_bytes(opened.read(8), "little")
        header = json.loads(opened.read(min(start, PART) - 8))
        entries = [(key, entry) for key, entry in header.items() if key != "__metadata__"]
        room = memoryview(bytearray(min(file.stat().st_size, PART)))
        return hashing.hash_pairs([(key, _hash_entry(opened, start, entry, room)) for key, entry in entries])


def _hash_entry(file: BufferedReader, start: int, entry: Mapping[str, Any], room: memoryview) -> str:
    first, last = entry["data_offsets"]
    file.seek(start + first)
    return hashing.hash_bytes(hashing.FORMATS[entry["dtype"]], entry["shape"], _parts(file, last - first, room))


def _parts(file: BufferedReader, count: int, room: memoryview) -> Iterator[memoryview]:
    """The next `count` bytes, part by part in the same buffer `room`: allocating new memory would take longer."""
    while count > 0:
        read = file.readinto(room[:count])
        if not read:
            raise ValueError("the file ends too early")
        yield room[:read]
        count -= read
