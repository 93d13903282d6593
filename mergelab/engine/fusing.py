"""Hands stretches of a merge to the kernels, with what they need to know of the steps before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy
from torch import Tensor

from mergelab.engine.inputs import Piece
from mergelab.engine.plan import Plan
from mergelab.engine.stages import Settled
from mergelab.methods.thresholds import each_model
from mergelab.randomness import key_of
from mergelab.sparsify.dare import limits

if TYPE_CHECKING:  # numba takes a while to import
    from mergelab.kernels.sieve import Sieve
    from mergelab.kernels.stretch import StoredStack


def stored_stack(
    settled: Settled,
    piece: Piece,
    found: Mapping[str, Any],
    step: Mapping[str, Any],
    values: Callable[[], Tensor],
    statistics: Mapping[str, Tensor],
) -> StoredStack | None:
    """The stored numbers of a piece behind the sieve of the sparsifier, whose settings are `step`; None where the
    kernels do not know their formats. `values` gives what the reference functions would see."""
    from mergelab.kernels.stretch import StoredStack, fits

    plan = settled.plan
    pairs = list(zip(plan.experts, plan.expert_keys, strict=True))
    formats = [expert.specs[keys[piece.key]].dtype for expert, keys in pairs]
    if not fits(plan.base.specs[piece.key].dtype, formats, plan.spec(piece.key).dtype):
        return None
    base = piece.stored(plan.base, piece.key)
    experts = [piece.stored(expert, keys[piece.key]) for expert, keys in pairs]
    return StoredStack(
        piece.key,
        base,
        experts,
        _sieve(plan, step, piece.key),
        piece.start,
        values,
        found,
        piece.stop is None,
        statistics,
    )


def _sieve(plan: Plan, step: Mapping[str, Any], key: str) -> Sieve:
    """The sparsifier, by its name and settings, as a kernel applies it; open where there is none."""
    from mergelab.kernels.sieve import open_sieve

    sieve, count = open_sieve(len(plan.experts)), len(plan.experts)
    if not step:
        return sieve
    if "thresholds" in step:
        sieve = sieve._replace(thresholds=step["thresholds"].numpy())
    else:
        keys = [key_of(plan.recipe.seed, content, key) for content in plan.hashes]
        drawn = numpy.array(each_model(limits(step["density"]), count), numpy.uint64)
        sieve = sieve._replace(limits=drawn, keys=numpy.array(keys, numpy.uint32))
    if step["rescale"] == "inverse":
        sieve = sieve._replace(divisors=numpy.array(each_model(step["density"], count), numpy.float32))
    return sieve
