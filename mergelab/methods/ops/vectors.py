"""Inner products (in float64) and weighted sums of the experts' tensors, treated as vectors.

Geometric methods need lengths, angles and means on a sphere. All of these follow from the inner products of the experts,
an (n_models, n_models) matrix; the result is a weighted sum of the experts.
"""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor

from mergelab.linalg import folded_sum, inner, sqrt
from mergelab.methods.knobs import Choice

WHOLE, ROWS, COLUMNS = "tensor", "rows", "columns"
ALONG = Choice(
    (WHOLE, ROWS, COLUMNS),
    "Treat the whole tensor as one vector, or each row (along the last axis), or each column (along the first axis)",
)
SPAN = 1 << 14
"""Longest segment of a vector that is summed at once; the sums of segments are added at the end."""
ROUNDING = 1e-14
"""Shares whose sum is off 1 by less than this sum to 1: their own rounding would show in float64 tensors only."""
BLOCK = 1 << 17
"""Number of entries per expert that are held in float64 at a time."""


def as_vectors(stack: Tensor, along: str = WHOLE) -> Tensor:
    """`stack` (n_models, *shape) as (n_models, count, length); a 0-dim tensor is one vector of one entry."""
    turned = stack.movedim(1, -1) if along == COLUMNS and stack.ndim > 1 else stack
    shape = turned.shape[1:]
    length = shape[-1:].numel() if along != WHOLE else shape.numel()
    return turned.reshape(len(stack), shape.numel() // length if length else math.prod(shape[:-1]), length)


def as_tensor(vectors: Tensor, shape: torch.Size, along: str = WHOLE) -> Tensor:
    """The inverse of `as_vectors` for one model: (count, length) as (*shape)."""
    if along == COLUMNS and shape:
        return vectors.reshape(*shape[1:], shape[0]).movedim(-1, 0).contiguous()
    return vectors.reshape(shape)


def spread(shares: Tensor, shape: torch.Size, along: str = WHOLE) -> Tensor:
    """Each vector's shares (count, n_models) at all its entries: (n_models, *shape), in float32."""
    count, turned = max(1, shares.shape[0]), [each.float() for each in shares.T]
    length = math.prod(shape) // count
    return torch.stack([as_tensor(each[:, None].expand(-1, length), shape, along) for each in turned])


def inner_products(vectors: Tensor) -> Tensor:
    """Inner products of all pairs of experts: (n_models, count, length) to float64 (count, n_models, n_models).

    Products are exact and are summed in a fixed order, whatever the number of threads or the processor.
    """
    if vectors.shape[2] <= SPAN:
        return _short(vectors)
    return torch.stack([_long(vectors[:, place]) for place in range(vectors.shape[1])])


def lengths(products: Tensor) -> Tensor:
    """The experts' norms, from their inner products: (…, n_models, n_models) to (…, n_models)."""
    return sqrt(products.diagonal(dim1=-2, dim2=-1))


def cosines(products: Tensor, floor: float = 0.0) -> Tensor:
    """Inner products divided by the product of norms, or by `floor` where that is larger; 0 for a zero vector."""
    norms = lengths(products)
    both = (norms[..., :, None] * norms[..., None, :]).clamp(min=floor)
    return (products / torch.where(both == 0, 1.0, both)).clamp(-1.0, 1.0)


def weighted_sum(vectors: Tensor, shares: Tensor) -> Tensor:
    """Σ shares·x over experts: `vectors` (n_models, count, length) and `shares` (count, n_models) to (count, length).

    Computed as an offset from the expert with the largest share. Equal experts whose shares sum to 1, and an expert with
    the only nonzero share, therefore come back bit for bit.
    """
    leading = shares.abs().argmax(1).to(vectors.device)
    pivot = vectors.gather(0, leading.reshape(1, -1, 1).expand(1, *vectors.shape[1:]))[0]
    factors = shares.T[..., None].to(vectors)
    total = shares.sum(1, keepdim=True)
    merged = pivot * torch.where((total - 1).abs() < ROUNDING, 1.0, total).to(vectors)
    offset = torch.empty_like(pivot)
    for expert, factor in zip(vectors, factors, strict=True):
        merged -= torch.sub(pivot, expert, out=offset).mul_(factor)
    return merged


def _short(vectors: Tensor) -> Tensor:
    step = max(1, BLOCK // max(1, vectors.shape[2]))
    return torch.cat([_products(block.double()) for block in torch.split(vectors, step, dim=1)])


def _long(vector: Tensor) -> Tensor:
    """The inner products of (n_models, length), computed segment by segment."""
    whole = vector.shape[1] // SPAN * SPAN
    segments = _short(vector[:, :whole].reshape(len(vector), -1, SPAN))
    return folded_sum(torch.cat([segments, _short(vector[:, None, whole:])]).movedim(0, -1))


def _products(block: Tensor) -> Tensor:
    n_models, count, _ = block.shape
    products = block.new_empty(count, n_models, n_models)
    for one, other in itertools.combinations_with_replacement(range(n_models), 2):
        products[:, one, other] = products[:, other, one] = inner(block[one], block[other])
    return products
