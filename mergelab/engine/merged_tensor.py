"""One tensor of the merged model."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from mergelab.checkpoints.files.phrases import counted, some_of

NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")


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
    """What was said about tensors, as "key: remark", in the order of `keys`, whichever tensor was merged first.

    Remarks that differ in nothing but numbers are one sentence, which counts the tensors and names the first ones.
    """
    kinds: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for key in keys:
        for remark in remarks.get(key, ()):
            kinds[NUMBER.sub("#", remark)].append((key, remark))
    return [_together(said) for said in kinds.values()]


def _together(said: Sequence[tuple[str, str]]) -> str:
    """One sentence for the (key, remark) pairs of one kind."""
    (key, remark), *others = said
    if not others:
        return f"{key}: {remark}"
    like = "the same holds" if all(each == remark for _, each in others) else "the same, with other numbers, holds"
    more = [each for each, _ in others]
    return f"{key}: {remark}; {like} for {counted(more, 'more tensor')} ({some_of(more)})"
