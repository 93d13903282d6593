"""Model Stock: interpolate between the base and the experts' mean by the angle between their deltas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated as A

import torch
from torch import Tensor

from mergelab.linalg import folded_sum
from mergelab.methods.knobs import FROM_0, Choice, Range
from mergelab.methods.ops.reason import Reason
from mergelab.methods.ops.vectors import as_tensor, as_vectors, cosines, inner_products, spread, weighted_sum
from mergelab.methods.registry import Log, method, silent

SINGULAR = 1e-6
"""If |1 + (M - 1) cos| is below this, the deltas cancel and the result is the base."""


def one_ratio(deltas: Tensor, *, along: str, clamp: str, floor: float) -> Reason:
    """One t for the whole tensor or row: the angles between the experts decide, not this weight."""
    coefficients = spread(_shares(as_vectors(deltas, along), clamp, floor, silent), deltas.shape[1:], along)
    whole = "the whole tensor" if along == "tensor" else "this row"
    sentence = f"The experts’ mean change × t = {{t}}. The angles between the changes of {whole} set t; this weight alone does not."
    return Reason((sentence,), figures={"t": len(deltas) * coefficients[0]}, coefficients=coefficients)


@method("Model Stock", space="deltas", paper="Jang et al. 2024, arXiv:2403.19522", why=one_ratio)
def model_stock(
    deltas: Tensor,
    *,
    along: A[
        str, Choice(("tensor", "rows"), "One angle for the whole tensor, or one for each row (along the last axis)")
    ] = "tensor",
    clamp: A[
        str,
        Choice(
            ("yes", "no"),
            "Keep t between 0 (the base) and 1 (the mean), or let obtuse angles move away from the mean (mergekit)",
        ),
    ] = "yes",
    floor: A[
        float,
        Range(
            0.0,
            1e-3,
            1e-6,
            "Numerical floor for the cosine's denominator: 0 is exact, mergekit uses 1e-6",
            valid=FROM_0,
        ),
    ] = 0.0,
    say: A[Callable[[str], None], Log()] = silent,
) -> Tensor:
    """Move from the base towards the mean of M experts by t = M cos / (1 + (M - 1) cos): further if their directions agree.

    `deltas` is (n_models, *shape) in float32, expert minus base; returns (*shape), to be added to the base. cos is the
    mean cosine over all pairs of deltas, counting 0 for pairs with a zero delta; a single expert has t = 1. Logs a
    sentence if t is clamped to [0, 1], or is 0 because the deltas cancel.
    """
    vectors = as_vectors(deltas, along)
    return as_tensor(weighted_sum(vectors, _shares(vectors, clamp, floor, say)), deltas.shape[1:], along)


def _shares(vectors: Tensor, clamp: str, floor: float, say: Callable[[str], None]) -> Tensor:
    """t / n_models for each vector and expert, (count, n_models)."""
    count = len(vectors)
    t = _ratio(_mean_cosine(cosines(inner_products(vectors), floor)), count, say)
    if clamp == "yes":
        t = _clamped(t, say)
    return (t / count)[:, None].expand(-1, count)


def _mean_cosine(between: Tensor) -> Tensor:
    """The mean over pairs of experts: (count, n_models, n_models) to (count,); 1 for a single expert."""
    one, other = torch.triu_indices(between.shape[1], between.shape[2], 1)
    pairs = between[:, one, other]
    return folded_sum(pairs) / len(one) if len(one) else torch.ones_like(between[:, 0, 0])


def _ratio(cosine: Tensor, count: int, say: Callable[[str], None]) -> Tensor:
    whole = 1 + (count - 1) * cosine
    singular = whole.abs() < SINGULAR
    if singular.any():
        say(f"the changes cancel{_where(singular)}, so the base is kept")
    return torch.where(singular, 0.0, count * cosine / torch.where(singular, 1.0, whole))


def _clamped(t: Tensor, say: Callable[[str], None]) -> Tensor:
    within = t.clamp(0.0, 1.0)
    outside = (t - within).abs() > SINGULAR
    if outside.any():
        say(f"t was clamped to [0, 1]{_where(outside)}; smallest t {float(t.min()):.3f}")
    return within


def _where(hit: Tensor) -> str:
    return f" in {int(hit.sum())} of {len(hit)} rows" if len(hit) > 1 else ""
