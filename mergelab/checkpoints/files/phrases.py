"""Formats lists of tensors and models for messages."""

from __future__ import annotations

from collections.abc import Sequence

import torch


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
