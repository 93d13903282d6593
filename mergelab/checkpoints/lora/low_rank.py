"""Low-rank factors: their product, and the best factors for a matrix."""

from __future__ import annotations

import torch
from torch import Tensor

from mergelab import linalg

BLOCK = 1 << 17
"""Number of entries computed at once, which bounds the working memory."""


def product(
    left: Tensor,
    right: Tensor,
    scale: float = 1.0,
    start: int = 0,
    stop: int | None = None,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """The flat entries from `start` to `stop` of `scale * left @ right`, (n, r) times (r, m), in `dtype`.

    Computed in float64, with each entry rounded once; the bits are the same whether computed at once or in chunks.
    """
    columns = max(1, right.shape[1])
    step, wide = max(1, BLOCK // columns), right.double()
    stop = len(left) * right.shape[1] if stop is None else stop
    found = torch.empty(stop - start, dtype=dtype)
    for top in range(start // columns, -(-stop // columns), step):
        block = linalg.product(left[top : top + step], wide).mul_(scale).reshape(-1)
        begin, end = max(start, top * columns), min(stop, top * columns + len(block))
        found[begin - start : end - start] = block[begin - top * columns : end - top * columns]
    return found


def truncated(matrix: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """The float32 factors (n, rank) and (rank, m) whose product is closest to `matrix` (n, m) in the Frobenius norm.

    They are the leading singular vectors, each side scaled by the square root of the singular value (Eckart & Young
    1936), computed in float64. If `rank` exceeds min(n, m), the factors are padded with zeros.
    """
    outer, values, inner = linalg.singular_triplets(matrix)
    kept = min(rank, len(values))
    roots = linalg.sqrt(values[:kept])
    left, right = torch.zeros(len(matrix), rank), torch.zeros(rank, matrix.shape[1])
    left[:, :kept] = outer[:, :kept] * roots
    right[:kept] = inner[:kept] * roots[:, None]
    return left, right
