"""The vocabulary (token -> id) of a model folder, whatever files it is stored in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.safe_paths import safe_file, safe_json, safe_text

LISTS = ("tokenizer.json", "vocab.json", "vocab.txt")
"""Files that list tokens with their ids; the first that exists counts."""
ADDED = ("added_tokens.json", "tokenizer_config.json")
"""Files that list further tokens."""
OPAQUE = ("tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "spm.model", "source.spm")
"""Files in formats of their own, of which only the bytes are compared."""


@dataclass(frozen=True)
class VocabularyDifference:
    """How two vocabularies differ: tokens with another id, or in only one of them, and an example."""

    moved: tuple[str, ...]
    """Tokens that both have, with different ids."""
    lacking: tuple[str, ...]
    """Tokens of the first that the second lacks, by id."""
    further: tuple[str, ...]
    """Tokens of the second that the first lacks, by id."""
    example: str

    @property
    def count(self) -> int:
        """The number of tokens that differ."""
        return len(self.moved) + len(self.lacking) + len(self.further)


def difference(ours: Mapping[str, int], theirs: Mapping[str, int]) -> VocabularyDifference | None:
    """How `theirs` differs from `ours`; None if they are equal."""
    if ours == theirs:
        return None
    moved = sorted((token for token, place in ours.items() if theirs.get(token, place) != place), key=ours.__getitem__)
    lacking = sorted(ours.keys() - theirs.keys(), key=ours.__getitem__)
    further = sorted(theirs.keys() - ours.keys(), key=theirs.__getitem__)
    example = min((*moved, *lacking, *further), key=lambda token: (ours.get(token, theirs.get(token, 0)), token))
    told = f"{example!r} has id {_id(ours, example)} in the base and {_id(theirs, example)} here"
    return VocabularyDifference(tuple(moved), tuple(lacking), tuple(further), told)


def _id(vocabulary: Mapping[str, int], token: str) -> str:
    return str(vocabulary.get(token, "none"))


def read_vocabulary(folder: Path | None) -> Mapping[str, int] | None:
    """Token -> id of the tokenizer in `folder`, with its added tokens; None if no file lists them."""
    if folder is None:
        return None
    stamps = tuple(_stamp(folder, name) for name in (*LISTS, *ADDED))
    return _read(folder, stamps) if any(stamps[: len(LISTS)]) else None


def opaque_tokenizer(folder: Path | None) -> tuple[str, str] | None:
    """Name and SHA-256 of a tokenizer file in a format of its own, or None if there is none."""
    found = [path for name in OPAQUE if folder is not None and (path := safe_file(folder, name))]
    found += sorted(folder.glob("*.tiktoken")) if folder is not None else []
    return (found[0].name, hashlib.sha256(found[0].read_bytes()).hexdigest()) if found else None


def _stamp(folder: Path, name: str) -> tuple[str, int, int] | None:
    path = safe_file(folder, name)
    return None if path is None else (name, path.stat().st_size, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _read(folder: Path, stamps: tuple[tuple[str, int, int] | None, ...]) -> Mapping[str, int]:
    """The vocabulary; the files' sizes and times are an argument so that a changed file misses the cache."""
    names = [stamp[0] for stamp in stamps if stamp]
    main = next(name for name in LISTS if name in names)
    found = dict(_listed(folder, main))
    for name in ADDED:
        if name in names:
            found |= _checked(folder, name, _added(folder, name))
    return found


def _listed(folder: Path, name: str) -> dict[str, int]:
    if name == "vocab.txt":
        lines = (safe_text(folder, name) or "").split("\n")
        return {token: index for index, token in enumerate(lines) if token or index < len(lines) - 1}
    content = safe_json(folder, name) or {}
    return _checked(folder, name, _in_tokenizer(content) if name == "tokenizer.json" else content.items())


def _in_tokenizer(content: Mapping[str, Any]) -> Iterable[tuple[Any, Any]]:
    """The ids in tokenizer.json: its model lists tokens by id (Unigram) or maps them to ids; added tokens are separate."""
    listed = (content.get("model") or {}).get("vocab") or {}
    yield from ((entry[0], index) for index, entry in enumerate(listed)) if isinstance(listed, list) else listed.items()
    yield from ((entry["content"], entry["id"]) for entry in content.get("added_tokens") or ())


def _added(folder: Path, name: str) -> Iterable[tuple[Any, Any]]:
    content = safe_json(folder, name) or {}
    if name == "added_tokens.json":
        return content.items()
    decoder = content.get("added_tokens_decoder") or {}
    return ((entry["content"], place) for place, entry in decoder.items())


def _checked(folder: Path, name: str, pairs: Iterable[tuple[Any, Any]]) -> dict[str, int]:
    try:
        return {str(token): int(place) for token, place in pairs}
    except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
        raise CheckpointError(f"{folder / name} is refused: it is not a vocabulary ({error})") from error
