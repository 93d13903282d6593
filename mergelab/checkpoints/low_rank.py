"""The two factors of an adapter and the change of a weight that they stand for."""

from __future__ import annotations

import torch
from torch import Tensor

BLOCK = 1 << 17
"""Entries that are multiplied at once, on a grid of rows that does not depend on what is asked for: the same bits
whether a product is made in one piece or in stretches, and little memory beside it."""


def product(left: Tensor, right: Tensor, scale: float = 1.0, start: int = 0, stop: int | None = None) -> Tensor:
    """The flat entries from `start` to `stop` of `scale * left @ right`, (n, r) times (r, m), in float32.

    Float64 inside, each entry rounded once.
    """
    columns = max(1, right.shape[1])
    step, wide = max(1, BLOCK // columns), right.double()
    stop = len(left) * right.shape[1] if stop is None else stop
    found = torch.empty(stop - start)
    for top in range(start // (step * columns) * step, -(-stop // columns), step):
        block = (left[top : top + step].double() @ wide).mul_(scale).reshape(-1)
        begin, end = max(start, top * columns), min(stop, top * columns + len(block))
        found[begin - start : end - start] = block[begin - top * columns : end - top * columns]
    return found


def truncated(matrix: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """The factors (n, rank) and (rank, m), float32, whose product is nearest to `matrix` (n, m) in the Frobenius norm.

    They are the leading singular vectors, each side scaled by the root of the singular value (Eckart & Young 1936),
    through the eigenvectors of the smaller Gram matrix in float64. Above min(n, m) the factors are filled with zeros.
    """
    if matrix.shape[0] > matrix.shape[1]:
        right, left = truncated(matrix.T, rank)
        return left.T.contiguous(), right.T.contiguous()
    wide = matrix.double()
    squares, vectors = torch.linalg.eigh(wide @ wide.T)
    kept = min(rank, len(squares))
    leading, roots = vectors.flip(1)[:, :kept], squares.flip(0)[:kept].clamp(min=0) ** 0.25
    left, right = torch.zeros(len(wide), rank), torch.zeros(rank, wide.shape[1])
    left[:, :kept] = leading * roots
    right[:kept] = (leading.T @ wide) / roots.where(roots > 0, 1.0)[:, None]
    return left, right
