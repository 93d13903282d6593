"""Estimators of the Fisher diagonal, each a set of directions in logit space.

Let J be the Jacobian of one row's logits with respect to the parameters, and p its class probabilities. The Fisher
diagonal of that row is diag(J^T M J) with M = diag(p) - p p^T, because d log p_y = J^T (e_y - p). Directions v_k with
sum_k v_k v_k^T = M (exactly or in expectation) give it as sum_k (J^T v_k)^2: one backward per direction instead of one
per class.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import one_hot

Directions = Callable[[Tensor, Tensor], Tensor]
"""(logits `(n, classes)` float64, row numbers `(n,)`) -> directions `(n, k, classes)`."""

ESTIMATORS = ("exact", "sketched", "sampled", "empirical")


def directions_for(estimator: str, labels: Tensor | None, rows: int, samples: int, seed: int) -> Directions:
    """The directions of `estimator` for `rows` rows.

    - exact: all classes, with classes - 1 backwards per row.
    - sketched: `samples` random-sign sums over all classes per row; unbiased, with less noise than sampled labels.
    - sampled: `samples` labels per row, drawn from the model's probabilities; unbiased.
    - empirical: the given labels instead of the model's probabilities; a different quantity, not an approximation.

    Random draws depend on (seed, row number), so batches and their order do not change them.
    """
    if estimator not in ESTIMATORS:
        raise ValueError(f"unknown Fisher estimator {estimator!r}; known: {', '.join(ESTIMATORS)}")
    if samples < 1:
        raise ValueError(f"samples of the Fisher estimate must be at least 1, got {samples}")
    if estimator == "exact":
        return _exact
    if estimator == "sketched":
        return _Sketched(rows, samples, seed)
    if estimator == "sampled":
        return _Sampled(rows, samples, seed)
    if labels is None or len(labels) != rows or bool((labels < 0).any()):
        raise ValueError("the empirical Fisher needs a label for every row; give labels or use the exact estimator")
    return _Empirical(labels)


def _exact(logits: Tensor, rows: Tensor) -> Tensor:
    """Eigenvectors of M times the square roots of its eigenvalues; the smallest eigenvalue is always 0 and omitted."""
    p = logits.softmax(-1)
    values, vectors = torch.linalg.eigh(torch.diag_embed(p) - p[:, :, None] * p[:, None, :])
    scaled: Tensor = vectors * values.clamp(min=0).sqrt()[:, None, :]
    return scaled[:, :, 1:].transpose(1, 2).flip(1)


class _Sketched:
    """v = sum_y s_y sqrt(p_y) (e_y - p) with independent random signs s_y, so that E[v v^T] = M."""

    def __init__(self, rows: int, samples: int, seed: int) -> None:
        self.shape, self.seed = (rows, samples), seed

    def __call__(self, logits: Tensor, rows: Tensor) -> Tensor:
        p = logits.softmax(-1)
        bits = torch.randint(2, (*self.shape, p.shape[1]), generator=torch.Generator().manual_seed(self.seed))
        signed = (2 * bits[rows].to(p) - 1) * p.sqrt()[:, None, :]
        centred: Tensor = signed - signed.sum(-1, keepdim=True) * p[:, None, :]
        return centred / math.sqrt(self.shape[1])


class _Sampled:
    """v = e_y - p with y drawn from p."""

    def __init__(self, rows: int, samples: int, seed: int) -> None:
        self.uniform = torch.rand(rows, samples, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)

    def __call__(self, logits: Tensor, rows: Tensor) -> Tensor:
        p = logits.softmax(-1)
        drawn = torch.searchsorted(p.cumsum(-1), self.uniform[rows].to(p.device)).clamp(max=p.shape[1] - 1)
        return (one_hot(drawn, p.shape[1]) - p[:, None, :]) / math.sqrt(self.uniform.shape[1])


class _Empirical:
    """v = e_y - p with y the given label."""

    def __init__(self, labels: Tensor) -> None:
        self.labels = labels

    def __call__(self, logits: Tensor, rows: Tensor) -> Tensor:
        p = logits.softmax(-1)
        return (one_hot(self.labels[rows].to(p.device), p.shape[1]) - p)[:, None, :]
