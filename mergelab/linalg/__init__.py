"""Linear algebra in one fixed order of operations: the same bits on every processor, on any number of threads.

Libraries choose the order of their sums by the vector units that they find, so that a product or a decomposition has other
last bits on another processor, and a merge another hash. Here every function is float64, without fused operations; matrices
are worked on by the calling thread on the CPU, and results lie where the first argument does. `benchmarks/linalg.py`
measures what that costs beside torch.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

BLOCK = 1 << 17
"""Entries of a row that are held in float64 at a time."""


def folded_sum(values: Tensor) -> Tensor:
    """The sum over the last axis, float64: the second half is added to the first until one entry is left.

    Additions of whole tensors alone, so it has the same bits on every device, too. (…, 0) gives zeros.
    """
    total = values.double()
    if total.shape[-1] == 0:
        return total.new_zeros(total.shape[:-1])
    while (length := total.shape[-1]) > 1:
        half = (length + 1) // 2
        folded = total[..., :half].clone()
        folded[..., : length - half] += total[..., half:]
        total = folded
    return total[..., 0]


def inner(first: Tensor, second: Tensor) -> Tensor:
    """Inner products over the last axis, float64; shapes broadcast."""
    return folded_sum(first.double() * second.double())


def summed(rows: Tensor, each: Callable[[Tensor], Tensor]) -> Tensor:
    """The sum over each row of what `each` makes of its entries in float64: (n, count) gives (n,)."""
    return folded_sum(torch.stack([folded_sum(each(block.double())) for block in torch.split(rows, BLOCK, 1)], 1))


def product(left: Tensor, right: Tensor) -> Tensor:
    """`left` (n, k) times `right` (k, m), float64 (n, m), each entry summed in the order of k."""
    from mergelab.linalg.products import multiply  # numba takes a while to import

    return torch.from_numpy(multiply(_array(left), _array(right))).to(left.device)


def factor(matrix: Tensor) -> tuple[Tensor, float]:
    """The lower Cholesky factor (n, n) of a symmetric `matrix` (n, n), and the smallest squared pivot on the way there.

    A pivot that is not above 0 ends the work: `matrix` is not positive definite, and the factor is unfinished.
    """
    from mergelab.linalg.cholesky import factorise

    lower, pivot = factorise(_array(matrix))
    return torch.from_numpy(lower).to(matrix.device), float(pivot)


def solve(lower: Tensor, right: Tensor) -> Tensor:
    """X (n, m) with L L^T X = `right` (n, m), for a whole factor L `lower` (n, n) of `factor`."""
    from mergelab.linalg.cholesky import solve as solved

    return torch.from_numpy(solved(_array(lower), _array(right))).to(lower.device)


def singular_triplets(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The thin singular value decomposition of `matrix` (n, m): left (n, k), values (k,) falling, right (k, m), k = min(n, m).

    Singular vectors of value 0 are 0. Those of the longer side are as orthonormal as float64 tells their value from 0:
    to about 1e-16 values[0] / value. Raises ValueError where `matrix` holds NaN or infinity.
    """
    from mergelab.linalg.singular import triplets

    if matrix.shape[0] > matrix.shape[1]:
        right, values, left = singular_triplets(matrix.T)
        return left.T, values, right.T
    left, values, right = (torch.from_numpy(each).to(matrix.device) for each in triplets(_array(matrix)))
    return left, values, right


def _array(tensor: Tensor) -> NDArray[numpy.float64]:
    found: NDArray[numpy.float64] = tensor.detach().double().cpu().contiguous().numpy()
    return found
