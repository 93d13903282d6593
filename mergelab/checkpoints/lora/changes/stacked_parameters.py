"""Finds the parts of a stacked parameter, which holds the matrices of all experts of a mixture, in a model's files."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class StackedPart:
    """The part of a stacked parameter (experts, n, m) that one tensor of a file holds: `experts` matrices.

    A matrix has the given rows and columns of the parameter's; `turned` means that the file has its transpose.
    """

    first: int
    experts: int
    rows: range
    columns: range
    turned: bool

    def in_shape(self, shape: tuple[int, ...]) -> StackedPart | None:
        """The part in a tensor of `shape`, which may also be the transpose: transformers turns some files by their shape.

        None if it fits neither way.
        """
        sizes = len(self.rows), len(self.columns)
        if shape[:-2] not in ((), (self.experts,)) or (not shape[:-2] and self.experts != 1):
            return None
        if shape[-2:] == (sizes[::-1] if self.turned else sizes):
            return self
        return replace(self, turned=not self.turned) if shape[-2:] in (sizes, sizes[::-1]) else None


class _Outline(Tensor):
    """A tensor without memory whose cuts know their place in the whole, also where they would be copied."""

    def contiguous(self, *_: Any, **__: Any) -> _Outline:
        return self


def stacked_targets(model: Any, ends: Collection[str]) -> dict[str, list[str]]:
    """Module of `model` -> its own parameters whose full names end with one of `ends` after a dot, in PEFT's order."""
    found: dict[str, list[str]] = {}
    for module, layer in model.named_modules():
        for name, _ in layer.named_parameters(recurse=False):
            if any(f".{module}.{name}".endswith(f".{end}") for end in ends):
                found.setdefault(module, []).append(name)
    return found


def stored_parts(model: Any, parameter: str) -> Mapping[str, StackedPart] | None:
    """The names of the file's tensors -> their parts of a stacked `parameter` (experts, n, m) of `model`.

    transformers' own conversion is followed on a tensor without memory. None if it does more than cut and transpose.
    """
    from transformers.core_model_loading import revert_weight_conversion

    whole = torch.empty(model.get_parameter(parameter).shape, device="meta")
    stored = revert_weight_conversion(model, {parameter: whole.as_subclass(_Outline)})
    if not all(value._base is whole for value in stored.values()):
        return None
    parts = {name: _part(value, whole.shape) for name, value in stored.items()}
    return None if None in parts.values() else {name: part for name, part in parts.items() if part}


def _part(cut: Tensor, shape: torch.Size) -> StackedPart | None:
    """Where `cut`, a matrix or a stack of them, lies in a tensor of `shape`; None if it is not a part of its matrices."""
    _, rows, columns = shape
    steps, sizes = cut.stride()[-2:], cut.shape[-2:]
    first, inside = divmod(int(cut.storage_offset()), rows * columns)
    if (cut.ndim == 3 and cut.stride(0) != rows * columns) or cut.ndim not in (2, 3):
        return None
    top, left = divmod(inside, columns)
    turned = steps[0] < columns <= steps[1]
    down, across = (1, 0) if turned else (0, 1)
    row_cut = _cut(top, steps[down] // columns, sizes[down])
    column_cut = _cut(left, steps[across], sizes[across])
    fits = steps[down] % columns == 0 and row_cut.stop <= rows and column_cut.stop <= columns
    return StackedPart(first, cut.shape[0] if cut.ndim == 3 else 1, row_cut, column_cut, turned) if fits else None


def _cut(start: int, step: int, size: int) -> range:
    return range(start, start + step * (size - 1) + 1, max(1, step))
