"""Hashing the models of a recipe while torch is still being imported, which leaves all cores but one idle."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from io import BufferedReader
from pathlib import Path
from threading import Thread
from typing import Any

import yaml

from mergelab.runtime import hashing

WEIGHTS = "model.safetensors"
PART = 16 << 20
"""Bytes read at once: few, large parts, since the thread waits for Python's lock after each."""


def folders_in(recipe: str) -> list[Path]:
    """The folders that a recipe's text names; none where it is no recipe, which whoever checks it will say."""
    try:
        given = yaml.safe_load(recipe)
        models = [each["model"] if isinstance(each, dict) else each for each in given["models"]]
        return [Path(name) for name in (given["base"], *models) if name and Path(name).is_dir()]
    except (yaml.YAMLError, ValueError, KeyError, TypeError, OSError):
        return []


def prefetch_hashes(folders: Iterable[Path]) -> None:
    """Start to work out the content hashes of model folders with a single weight file; others are left alone.

    Whoever asks for one of these hashes waits for it (`hashing.known_hash`). A file that is not what it should be is left
    to whoever opens the model, who says what is wrong.
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
            if hashing.stamp_of([file]) == stamp:  # the file did not change meanwhile
                hashing.keep_hash([file], made)
                found = made
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # no safetensors file: whoever opens it says what is wrong
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
    """The next `count` bytes, part by part in the same `room`: the system takes longer to hand out fresh memory."""
    while count > 0:
        read = file.readinto(room[:count])
        if not read:
            raise ValueError("the file ends too early")
        yield room[:read]
        count -= read
