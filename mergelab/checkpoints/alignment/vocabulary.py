"""Vocabularies (token -> id) of model folders, compared because equal sizes do not imply equal ids."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.safe_paths import safe_file, safe_json, safe_text

FILES = ("tokenizer.json", "vocab.txt", "vocab.json")


def differing_tokens(first: Path, second: Path) -> tuple[int, str] | None:
    """The number of tokens with different ids (or in only one of the two models), and an example.

    None if one of the model folders has no tokenizer.json, vocab.txt or vocab.json.
    """
    ours, theirs = read_vocabulary(first), read_vocabulary(second)
    if ours is None or theirs is None:
        return None
    if ours == theirs:
        return 0, ""
    different = [token for token in ours.keys() | theirs.keys() if ours.get(token) != theirs.get(token)]
    example = min(different, key=lambda token: (ours.get(token, theirs.get(token, 0)), token))
    return len(different), f"{example!r} has id {_id(ours, example)} in the base and {_id(theirs, example)} here"


def _id(vocabulary: dict[str, int], token: str) -> str:
    return str(vocabulary.get(token, "none"))


def read_vocabulary(folder: Path) -> dict[str, int] | None:
    """Token -> id of the tokenizer in `folder`, from the first of `FILES` that exists."""
    for name in FILES:
        path = safe_file(folder, name)
        if path is not None:
            stat = path.stat()
            return _parsed(folder, name, stat.st_size, stat.st_mtime_ns)
    return None


@lru_cache(maxsize=8)
def _parsed(folder: Path, name: str, size: int, mtime_ns: int) -> dict[str, int]:
    """The vocabulary in one file; size and mtime are arguments so that a changed file misses the cache."""
    if name == "vocab.txt":
        lines = (safe_text(folder, name) or "").split("\n")
        return {token: index for index, token in enumerate(lines) if token or index < len(lines) - 1}
    content = safe_json(folder, name) or {}
    try:
        return _from_tokenizer(content) if name == "tokenizer.json" else {str(t): int(i) for t, i in content.items()}
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise CheckpointError(f"{folder / name} is refused: it is not a vocabulary ({error})") from error


def _from_tokenizer(content: dict[str, Any]) -> dict[str, int]:
    """The ids in tokenizer.json: its model lists tokens by id (Unigram) or maps them to ids; added tokens are separate."""
    listed = (content.get("model") or {}).get("vocab") or {}
    if isinstance(listed, list):
        found = {token: index for index, (token, _score) in enumerate(listed)}
    else:
        found = {str(token): int(index) for token, index in listed.items()}
    return found | {entry["content"]: int(entry["id"]) for entry in content.get("added_tokens") or ()}
