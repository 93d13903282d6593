"""Spherical interpolation between two experts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated as A
from typing import Any

import torch
from torch import Tensor

from mergelab.methods.knobs import ANY, Range
from mergelab.methods.ops.sphere import arc
from mergelab.methods.ops.vectors import as_vectors, cosines, inner_products
from mergelab.methods.registry import Log, Position, method, silent

PARALLEL = 0.9995
"""Above this |cosine|, arc and line are equal within float32 precision."""


def ends(knobs: Mapping[str, Any], n_models: int) -> tuple[float, float]:
    """How much the first and the second expert count at the recipe's place on the arc."""
    return 1 - knobs["t"], knobs["t"]


@method("SLERP", space="weights", paper="Shoemake 1985, doi:10.1145/325165.325242", models=2, parts=ends)
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
    cosine = cosines(inner_products(as_vectors(models)))[0, 0, 1]
    if abs(cosine) > PARALLEL or (cosine == 0 and not (first.any() and second.any())):
        say(f"interpolated linearly: the two are nearly parallel, opposite or zero (cosine {float(cosine):.5f})")
        return _line(first, second, t)
    near, far = arc(cosine.arccos(), t)
    between: Tensor = float(near) * first + float(far) * second
    return between


def _line(first: Tensor, second: Tensor, t: float) -> Tensor:
    """Linear interpolation from the nearer end, so that both ends and equal tensors come back bit for bit."""
    near, far, step = (first, second, t) if t < 0.5 else (second, first, 1 - t)
    offset = step * (near - far)
    return torch.where(offset == 0, near, near - offset)  # -0.0 - -0.0 is 0.0, which would lose the sign
