"""The two factors of an adapter and the change of a weight that they stand for."""

from __future__ import annotations

import torch
from torch import Tensor

from mergelab import linalg

BLOCK = 1 << 17
"""Entries that are multiplied at once, which bounds the memory beside the result."""


def product(left: Tensor, right: Tensor, scale: float = 1.0, start: int = 0, stop: int | None = None) -> Tensor:
    """The flat entries from `start` to `stop` of `scale * left @ right`, (n, r) times (r, m), in float32.

    Float64 inside, each entry rounded once; the same bits whether a product is made in one piece or in stretches.
    """
    columns = max(1, right.shape[1])
    step, wide = max(1, BLOCK // columns), right.double()
    stop = len(left) * right.shape[1] if stop is None else stop
    found = torch.empty(stop - start)
    for top in range(start // columns, -(-stop // columns), step):
        block = linalg.product(left[top : top + step], wide).mul_(scale).reshape(-1)
        begin, end = max(start, top * columns), min(stop, top * columns + len(block))
        found[begin - start : end - start] = block[begin - top * columns : end - top * columns]
    return found


def truncated(matrix: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """The factors (n, rank) and (rank, m), float32, whose product is nearest to `matrix` (n, m) in the Frobenius norm.

    They are the leading singular vectors, each side scaled by the root of the singular value (Eckart & Young 1936),
    in float64. Above min(n, m) the factors are filled with zeros.
    """
    outer, values, inner = linalg.singular_triplets(matrix)
    kept = min(rank, len(values))
    roots = values[:kept].sqrt()
    left, right = torch.zeros(len(matrix), rank), torch.zeros(rank, matrix.shape[1])
    left[:, :kept] = outer[:, :kept] * roots
    right[:kept] = inner[:kept] * roots[:, None]
    return left, right
