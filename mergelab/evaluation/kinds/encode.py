"""Encodes rows for a model, and remembers the last few results."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

from mergelab.checkpoints import Checkpoint
from mergelab.evaluation.kinds.encoded import Encoded
from mergelab.evaluation.kinds.rows import Rows
from mergelab.evaluation.kinds.task_kind import find_kind
from mergelab.runtime.cache import hash_file

VOCABULARIES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "spm.model",
)
"""A tokenizer needs one of these files."""
BROUGHT = (*VOCABULARIES, "preprocessor_config.json")

_encoded: OrderedDict[tuple[object, ...], Encoded] = OrderedDict()
_REMEMBERED = 32


def encode(kind: str, rows: Rows, head: Checkpoint, config: Any, settings: Any = None) -> Encoded:
    """`rows` encoded for the model of `head`; the last few results are cached in this process.

    `settings` are the kind's; None stands for its defaults.
    """
    found = find_kind(kind)
    settings = settings if settings is not None else found.settings()
    key = (kind, rows.digest(), settings, repr(sorted(head.config.items(), key=str)), *file_stamps(files_folder(head)))
    if key not in _encoded:
        _encoded[key] = found.encode(rows, head, config, settings)
        while len(_encoded) > _REMEMBERED:
            _encoded.popitem(last=False)
    _encoded.move_to_end(key)
    return _encoded[key]


def file_stamps(folder: Path | None) -> list[tuple[str, int, int]]:
    """What says that tokenizer and preprocessor files are unchanged."""
    files = [(path, path.stat()) for path in small_files(folder)]
    return [(str(path), stat.st_size, stat.st_mtime_ns) for path, stat in files]


def small_hashes(folder: Path | None) -> dict[str, str]:
    """The hashes of a model's small files, by their path in its folder."""
    return {path.relative_to(folder).as_posix(): hash_file(path) for path in small_files(folder)} if folder else {}


def files_folder(model: Checkpoint) -> Path | None:
    """The folder with the tokenizer and preprocessor of a model. An adapter or a packed expert that brings none answers with its
    base's."""
    base = getattr(model, "base", None)
    if base is None or any(path.name in BROUGHT for path in small_files(model.folder)):
        return model.folder
    return files_folder(base)


def small_files(folder: Path | None) -> list[Path]:
    """Tokenizer, preprocessor and pooling files of a model's folder, and others as small."""
    if folder is None:
        return []
    own = [path for path in folder.iterdir() if path.suffix in (".json", ".txt", ".jinja", ".model")]
    return sorted([*own, *folder.glob("*_Pooling/config.json")])
