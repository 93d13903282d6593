"""Formats lists of tensors and models for messages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch

EXPERT = "{expert}"
"""Stands for the expert in the text of an `ExpertNote`."""


@dataclass(frozen=True)
class ExpertNote:
    """A sentence about one expert. `text` has `EXPERT` where the expert's name stands."""

    expert: str
    text: str


def told_once(notes: Iterable[ExpertNote | str]) -> list[str]:
    """The notes as sentences, in the order in which they first occur. What is alike for several experts is one sentence:
    "a, b and c: each of them has …"."""
    experts: dict[str, list[str]] = defaultdict(list)
    for note in notes:
        text, named = (note, []) if isinstance(note, str) else (note.text, [note.expert])
        experts[text] += named
    return [_told(text, list(dict.fromkeys(named))) for text, named in experts.items()]


def _told(text: str, experts: Sequence[str]) -> str:
    if len(experts) < 2:
        return text.replace(EXPERT, "".join(experts)) if experts else text
    return f"{listed(experts)}: {text.replace(EXPERT, 'each of them')}"


def counted(items: Sequence[str], noun: str) -> str:
    """ "1 tensor", "3 tensors"."""
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"


def some_of(keys: Sequence[str], shown: int = 3) -> str:
    """The first keys and the number of remaining ones: "a, b, c and 4 more"."""
    rest = f" and {len(keys) - shown} more" if len(keys) > shown else ""
    return ", ".join(keys[:shown]) + rest


def listed(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def dtype_name(dtype: torch.dtype) -> str:
    """ "bfloat16" for torch.bfloat16."""
    return str(dtype).removeprefix("torch.")
