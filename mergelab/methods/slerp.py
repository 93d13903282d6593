"""Spherical interpolation between two experts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated as A
from typing import Any

import torch
from torch import Tensor

from mergelab.linalg.angles import arccos
from mergelab.methods.knobs import ANY, Range
from mergelab.methods.ops.reason import Reason
from mergelab.methods.ops.sphere import arc, on_an_arc
from mergelab.methods.ops.vectors import as_vectors, cosines, inner_products
from mergelab.methods.registry import Log, Position, method, silent

PARALLEL = 0.9995
"""Above this |cosine|, arc and line are equal within float32 precision."""


def ends(knobs: Mapping[str, Any], n_models: int) -> tuple[float, float]:
    """How much the first and the second expert count at the recipe's place on the arc."""
    return 1 - knobs["t"], knobs["t"]


def place_on_arc(models: Tensor, *, t: float, position: Tensor | None) -> Reason:
    """One pair of coefficients for the whole tensor."""
    factors = _on_arc(models, t)
    shares = torch.tensor([(1 - t, t) if isinstance(factors, float) else factors])
    return on_an_arc(shares if position is None else shares[:, position], models)


@method(
    "SLERP", space="weights", paper="Shoemake 1985, doi:10.1145/325165.325242", models=2, parts=ends, why=place_on_arc
)
def slerp(
    models: Tensor,
    *,
    t: A[
        float,
        Range(0.0, 1.0, 0.01, "0 is the first expert, 1 the second; values outside extrapolate the arc", valid=ANY),
    ] = 0.5,
    position: A[Tensor | None, Position()] = None,
    say: A[Callable[[str], None], Log()] = silent,
) -> Tensor:
    """Interpolate between two experts along an arc instead of a straight line, tensor by tensor.

    `models` is (2, *shape) in float32, each treated as one flat vector; returns (*shape). Nearly parallel, opposite or
    zero tensors are interpolated linearly, with a sentence in the log.
    """
    first, second = models if position is None else models[position.argsort()]
    factors = _on_arc(models, t)
    if isinstance(factors, float):
        say(f"interpolated linearly: the two are nearly parallel, opposite or zero (cosine {factors:.5f})")
        return _line(first, second, t)
    near, far = factors
    between: Tensor = near * first + far * second
    return between


def _on_arc(models: Tensor, t: float) -> tuple[float, float] | float:
    """How much of the first and of the second expert the result holds; the cosine where a line takes the arc's place."""
    cosine = cosines(inner_products(as_vectors(models)))[0, 0, 1]
    if abs(cosine) > PARALLEL or (cosine == 0 and not all(bool(model.any()) for model in models)):
        return float(cosine)
    near, far = arc(arccos(cosine), t)
    return float(near), float(far)


def _line(first: Tensor, second: Tensor, t: float) -> Tensor:
    """Linear interpolation from the nearer end, so that both ends and equal tensors come back bit for bit."""
    near, far, step = (first, second, t) if t < 0.5 else (second, first, 1 - t)
    offset = step * (near - far)
    return torch.where(offset == 0, near, near - offset)  # -0.0 - -0.0 is 0.0, which would lose the sign
