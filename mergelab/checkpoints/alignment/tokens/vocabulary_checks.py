"""Compares the experts' tokenizers with the base's, for the reason to refuse a merge and for what to say about it."""

from __future__ import annotations

from collections.abc import Iterator

from mergelab.checkpoints.alignment.problems import Problem
from mergelab.checkpoints.alignment.tokens.token_frame import AUTO
from mergelab.checkpoints.alignment.tokens.vocabulary import difference, opaque_tokenizer, read_vocabulary
from mergelab.checkpoints.files.interface import Checkpoint
from mergelab.checkpoints.files.phrases import EXPERT

CHOOSE = (
    "set `tokenizer: base` in the recipe to merge the rows of tokens that both have, `tokenizer: union` to keep every "
    "token, or leave the expert out"
)


def vocabulary_problems(base: Checkpoint, expert: Checkpoint, tokenizer: str) -> Iterator[Problem]:
    """Tokens whose ids differ between the models, if both folders list their tokens and nothing was chosen."""
    ours, theirs = read_vocabulary(base.folder), read_vocabulary(expert.folder)
    found = difference(ours, theirs) if ours is not None and theirs is not None else None
    if found and tokenizer == AUTO:
        tokens = "1 token differs" if found.count == 1 else f"{found.count} tokens differ"
        yield Problem(expert.name, f"{tokens} between its vocabulary and the base's ({found.example})", CHOOSE)


def vocabulary_notes(base: Checkpoint, expert: Checkpoint) -> Iterator[str]:
    """What could not be compared, because a tokenizer is absent or in a format of its own; `EXPERT` stands for the name."""
    if base.folder is None or expert.folder is None or base.folder == expert.folder:
        return
    listed = [read_vocabulary(folder) is not None for folder in (base.folder, expert.folder)]
    ours, theirs = opaque_tokenizer(base.folder), opaque_tokenizer(expert.folder)
    if all(listed) or (ours and theirs and ours[1] == theirs[1]):
        return
    if not listed[0] and ours is None and (listed[1] or theirs):
        yield f"the base has no tokenizer and {EXPERT} has one; `tokenizer:` with the name of an expert takes it along"
    elif (listed[0] or ours) and (listed[1] or theirs):
        told = f"the vocabularies of {EXPERT} and the base could not be compared"
        yield f"{told}, because they are in files of different formats or contents; make sure that tokens have equal ids"
