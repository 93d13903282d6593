"""The registry of kinds of task: which transformers model answers, and how rows are encoded for it."""

from __future__ import annotations

import difflib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from mergelab.checkpoints import Checkpoint
from mergelab.evaluation.tasks.rows import Rows


class Encoded(Protocol):
    """Rows encoded for a model."""

    @property
    def lengths(self) -> Sequence[int]:
        """The number of positions of each row in the model, without padding."""

    def batch(self, index: Sequence[int]) -> dict[str, Tensor]:
        """The model's keyword arguments for the rows at `index`, padded to the longest of them."""


Encode = Callable[[Rows, Checkpoint, Any], Encoded]
"""(rows, the head's checkpoint, its transformers config) -> Encoded."""


@dataclass(frozen=True)
class Kind:
    """A kind of task; `mapping` names the transformers table from config to model class."""

    name: str
    mapping: str
    encode: Encode


KINDS: dict[str, Kind] = {}


def kind(name: str, mapping: str) -> Callable[[Encode], Encode]:
    """Register the decorated function as the encoder for rows of this kind."""

    def register(encode: Encode) -> Encode:
        KINDS[name] = Kind(name, mapping, encode)
        return encode

    return register


def find_kind(name: str) -> Kind:
    """The kind called `name`; raises `ValueError` with the nearest name."""
    if name not in KINDS:
        near = difflib.get_close_matches(name, KINDS, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"unknown kind of task {name!r}.{hint} Known: {', '.join(sorted(KINDS))}")
    return KINDS[name]


_encoded: OrderedDict[tuple[object, ...], Encoded] = OrderedDict()
_REMEMBERED = 32


def encode(name: str, rows: Rows, head: Checkpoint, config: Any) -> Encoded:
    """`rows` encoded for the model of `head`; the last few results are cached in this process."""
    key = (name, rows.digest(), repr(sorted(head.config.items(), key=str)), *file_stamps(head.folder))
    if key not in _encoded:
        _encoded[key] = find_kind(name).encode(rows, head, config)
        while len(_encoded) > _REMEMBERED:
            _encoded.popitem(last=False)
    _encoded.move_to_end(key)
    return _encoded[key]


def file_stamps(folder: Path | None) -> list[tuple[str, int, int]]:
    """What says that tokenizer and preprocessor files are unchanged."""
    files = [(path, path.stat()) for path in small_files(folder)]
    return [(str(path), stat.st_size, stat.st_mtime_ns) for path, stat in files]


def small_files(folder: Path | None) -> list[Path]:
    """Tokenizer and preprocessor files of a model's folder, and others as small."""
    return sorted(path for path in folder.iterdir() if path.suffix in (".json", ".txt", ".model")) if folder else []
