"""Refuses to write a tokenizer that does not load."""

from __future__ import annotations

from pathlib import Path

from mergelab.checkpoints.files.errors import CheckpointError

TOKENIZER = "tokenizer.json"


def check_tokenizer(folder: Path) -> None:
    """Raise `CheckpointError` if the folder's tokenizer.json is there and does not load."""
    from tokenizers import Tokenizer

    path = folder / TOKENIZER
    if not path.is_file():
        return
    try:
        Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises plain exceptions for whatever is wrong in the file
        step = "repair it, choose an expert's with `tokenizer:`, or write `tokenizer: base` to copy it as it is"
        raise CheckpointError(f"the base's {TOKENIZER} does not load ({error}); {step}") from error
