"""Multi-SLERP: the experts' weighted mean direction, scaled to the weighted mean of their norms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated as A

from torch import Tensor

from mergelab.linalg import inner
from mergelab.methods.knobs import ANY, Choice, PerModel
from mergelab.methods.ops.reason import Reason
from mergelab.methods.ops.sphere import OF, at_length, fractions, mean_direction, on_an_arc, put_back, seen
from mergelab.methods.ops.vectors import as_tensor, as_vectors, cosines, inner_products, lengths, weighted_sum
from mergelab.methods.registry import Base, Log, method, silent


def mean_on_sphere(models: Tensor, *, weights: Tensor, of: str, normalize: str, base: Tensor | None) -> Reason:
    """One coefficient per expert for the whole tensor."""
    return on_an_arc(_coefficients(seen(models, base, of), weights, of, normalize, silent), models, of)


@method("Multi-SLERP", space="weights", paper="mergekit, Goddard et al. 2024, arXiv:2403.13257", why=mean_on_sphere)
def multislerp(
    models: Tensor,
    *,
    weights: A[Tensor, PerModel(-10.0, 10.0, 0.1, "Weight of this expert", valid=ANY)],
    of: A[str, OF] = "weights",
    normalize: A[
        str,
        Choice(
            ("yes", "no"),
            "Divide the weights by their sum, or (changes only) use them as they are, which also scales the result",
        ),
    ] = "yes",
    base: A[Tensor | None, Base()] = None,
    say: A[Callable[[str], None], Log()] = silent,
) -> Tensor:
    """Give each tensor the experts' average direction and average norm.

    `models` is (n_models, *shape) in float32, each treated as one flat vector; returns (*shape). The average direction
    is that of the weighted sum of unit vectors. mergekit adds a first-order step in the tangent space, which is zero
    there, so the results agree (`karcher` continues from this point). A zero tensor has no direction and only shortens
    the result. Experts whose directions cancel are summed linearly; weights that should be normalised but sum to 0 are
    replaced by equal weights. Both cases log a sentence. Without a base, `of` must be weights.
    """
    stack = seen(models, base, of)
    shares = _coefficients(stack, weights, of, normalize, say)
    return put_back(as_tensor(weighted_sum(as_vectors(stack), shares), stack.shape[1:]), base, of)


def _coefficients(stack: Tensor, weights: Tensor, of: str, normalize: str, say: Callable[[str], None]) -> Tensor:
    """How much of each expert the result holds, float64 (1, n_models)."""
    raw = normalize == "no" and of == "deltas"
    pulls = weights.double().cpu() if raw else fractions(weights, say)
    return _shares(inner_products(as_vectors(stack))[0].cpu(), pulls, say)[None]


def _shares(products: Tensor, weights: Tensor, say: Callable[[str], None]) -> Tensor:
    norms = lengths(products)
    direction = mean_direction(cosines(products), weights * (norms > 0))
    if direction is None:
        if norms.any():
            say("summed linearly: the weighted directions cancel")
        return weights
    return at_length(direction, norms, inner(weights, norms))
