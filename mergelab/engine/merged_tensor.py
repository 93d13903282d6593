"""One tensor of the merged model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Merged:
    """A finished tensor. `note` says why it was copied instead of merged, `remarks` what the method said about it."""

    key: str
    tensor: Tensor
    note: str = ""
    remarks: tuple[str, ...] = ()


Merge = Callable[[str], Merged]
"""Merges the tensor of a key."""


def in_key_order(keys: Iterable[str], remarks: Mapping[str, Iterable[str]]) -> list[str]:
    """What methods said, as "key: remark", in the order of the plan's keys, whichever tensor was merged first."""
    return [f"{key}: {remark}" for key in keys for remark in remarks.get(key, ())]
