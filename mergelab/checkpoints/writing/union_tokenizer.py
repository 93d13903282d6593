"""Adds the tokens of other tokenizers to the tokenizer in a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mergelab.checkpoints.alignment.tokens.vocabulary import read_vocabulary
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.phrases import some_of
from mergelab.checkpoints.files.safe_paths import safe_json

_UNLISTED = (
    "transformers adds tokens to the base's that its files do not list; load and save it with transformers first"
)


def add_tokens(folder: Path, tokens: Mapping[str, int], sources: Sequence[Path]) -> None:
    """Add `tokens` to the tokenizer in `folder`, as special ones if they are special in one of the folders `sources`.

    Raises `CheckpointError` if the tokenizer does not load, or gives the tokens other ids than those of the merged rows.
    """
    from transformers import AddedToken, AutoTokenizer

    special = {token for source in sources for token in _special(source)}
    ordered = sorted(tokens, key=tokens.__getitem__)
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
        unlisted = tokenizer.get_vocab().keys() - (read_vocabulary(folder) or {}).keys()
        tokenizer.add_tokens([AddedToken(token, special=token in special, normalized=False) for token in ordered])
        found = {token: tokenizer.convert_tokens_to_ids(token) for token in ordered}
    except Exception as error:  # whatever a library makes of a tokenizer's files
        raise _refusal(f"the base's tokenizer does not load ({error})") from error
    if found != dict(tokens):
        token = next(token for token in ordered if found[token] != tokens[token])
        why = f" ({_UNLISTED}: {some_of(sorted(unlisted))})" if unlisted else ""
        raise _refusal(f"the tokenizer gives {token!r} the id {found[token]}, its row is {tokens[token]}{why}")
    tokenizer.save_pretrained(str(folder))


def _refusal(reason: str) -> CheckpointError:
    return CheckpointError(f"tokenizer: union is refused: {reason}; choose `tokenizer: base` or an expert's tokenizer")


def _special(folder: Path) -> set[str]:
    listed: list[Any] = list((safe_json(folder, "tokenizer.json") or {}).get("added_tokens") or ())
    listed += list(((safe_json(folder, "tokenizer_config.json") or {}).get("added_tokens_decoder") or {}).values())
    return {str(entry.get("content")) for entry in listed if isinstance(entry, dict) and entry.get("special")}
