"""Linear algebra in one fixed order of operations, with the same bits on every processor and any number of threads.

Libraries choose the order of their sums by the processor's vector units, so the last bits of a product or decomposition
differ between processors, and with them the hash of a merge. All functions here compute in float64 without fused
operations. Matrix functions run on the CPU in the calling thread; results are on the device of the first argument.
`benchmarks/linalg.py` measures the cost compared with torch.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

BLOCK = 1 << 17
"""Number of entries per row that are held in float64 at a time."""


def sqrt(values: Tensor) -> Tensor:
    """The square root of each entry, float32 or float64, rounded as IEEE 754 defines; NaN for negative ones.

    On CPUs torch asks MKL, whose roots are off by one in the last bit here and there, depending on the processor.
    """
    if values.device.type != "cpu":
        return values.sqrt()
    found = torch.empty_like(values)
    with numpy.errstate(invalid="ignore"):
        numpy.sqrt(values.detach().numpy(), out=found.numpy())
    return found


def folded_sum(values: Tensor) -> Tensor:
    """The sum over the last axis in float64: the second half is added to the first until one entry is left.

    Uses only additions of whole tensors, so the bits are also the same on every device. (…, 0) gives zeros.
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
    """The sum over each row of `each` applied to its entries in float64: (n, count) to (n,)."""
    return folded_sum(torch.stack([folded_sum(each(block.double())) for block in torch.split(rows, BLOCK, 1)], 1))


def squares_of(first: Tensor, second: Tensor) -> tuple[float, float]:
    """Σ first² and Σ (first − second)² of two vectors on the CPU, both float32 or both float64, in float64 and without a copy.

    NaN or infinite if an entry of `first` is.
    """
    from mergelab.linalg.sums import square_sums  # numba takes a while to import

    found: tuple[float, float] = square_sums(first.contiguous().numpy(), second.contiguous().numpy())
    return found


def product(left: Tensor, right: Tensor) -> Tensor:
    """`left` (n, k) times `right` (k, m), float64 (n, m), each entry summed in the order of k."""
    from mergelab.linalg.products import multiply  # numba takes a while to import

    return torch.from_numpy(multiply(_array(left), _array(right))).to(left.device)


def factor(matrix: Tensor) -> tuple[Tensor, float]:
    """The lower Cholesky factor (n, n) of a symmetric `matrix` (n, n), and its smallest squared pivot.

    If a pivot is not above 0, `matrix` is not positive definite: the factor is incomplete and that pivot is returned.
    """
    from mergelab.linalg.cholesky import factorise

    lower, pivot = factorise(_array(matrix))
    return torch.from_numpy(lower).to(matrix.device), float(pivot)


def solve(lower: Tensor, right: Tensor) -> Tensor:
    """X (n, m) with L L^T X = `right` (n, m), for a complete factor L = `lower` (n, n) from `factor`."""
    from mergelab.linalg.cholesky import solve as solved

    return torch.from_numpy(solved(_array(lower), _array(right))).to(lower.device)


def singular_triplets(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The thin singular value decomposition of `matrix` (n, m): left (n, k), values (k,) descending, right (k, m).

    k = min(n, m). Singular vectors of value 0 are 0. Vectors of the longer side are orthonormal to about
    1e-16 · values[0] / value. Raises ValueError if `matrix` contains NaN or infinity.
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
