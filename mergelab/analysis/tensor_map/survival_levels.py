"""From which density on single changes are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from mergelab.analysis.sketch import trims
from mergelab.analysis.sketch.levels import LEVELS
from mergelab.engine import PreparedMerge, Trace, input_chunks, input_deltas, read_draws
from mergelab.methods.ops.elementwise import magnitudes, rows
from mergelab.runtime.progress import Progress, ProgressGen

MOST_RANKED = 1 << 26
"""Maximum parameters of a model over which ranks are counted, which reads every delta once more."""


def levels_of(prepared: PreparedMerge, traced: Trace) -> Tensor | None:
    """The levels of all changes of a chunk, float64 (n_models, *shape), under a sparsifier that does not choose by rank and
    alone decides; else None."""
    recipe = prepared.plan.recipe
    name = recipe.sparsify.name if recipe.sparsify else ""
    if not prepared.steps or name not in LEVELS or LEVELS[name].knob != "density" or trims(recipe.rule):
        return None
    knobs = prepared.steps[0].knobs(traced.chunk.key)
    if not LEVELS[name].fits(knobs) or any(isinstance(value, Tensor) for value in knobs.values()):
        return None
    draws = read_draws(prepared.plan, traced.chunk) if "draws" in prepared.steps[0].rule.inputs else None
    return LEVELS[name].of(traced.deltas, draws, knobs)


def ranked_among(prepared: PreparedMerge, key: str) -> tuple[str, ...]:
    """The tensors among whose deltas a trim ranks those of `key`; none if it ranks other values, or if there are too many
    parameters."""
    plan = prepared.plan
    step = prepared.method if trims(plan.recipe.rule) else prepared.steps[0] if prepared.steps else None
    if step is None or not trims(step.rule) or (step is prepared.method and prepared.steps):
        return ()
    if step.knobs(plan.keys[0])["scope"] == "tensor":
        return (key,)
    return tuple(key for key in plan.keys if key not in step.findings.idle) if plan.parameters <= MOST_RANKED else ()


def rank_levels_of(prepared: PreparedMerge, keys: Sequence[str], deltas: Tensor) -> ProgressGen[Tensor]:
    """The density from which on a trim among the tensors `keys` keeps each of `deltas` (n_models, count); float64.

    An entry's rank is one more than the number of larger magnitudes: equal magnitudes share a rank, and are kept together.
    """
    wanted, places = deltas.abs().sort(1)
    larger, count = torch.zeros(wanted.shape, dtype=torch.int64), 0
    for number, key in enumerate(keys, 1):
        for values in _magnitudes(prepared, key):
            larger += torch.stack([_above(own, each) for own, each in zip(wanted, values, strict=True)])
            count += values.shape[1]
            yield Progress("Ranking conflicts", number, len(keys), key)
    levels = (larger + 1).double() / max(1, count)
    return torch.empty_like(levels).scatter_(1, places, levels)


def sorted_magnitudes(prepared: PreparedMerge, keys: Sequence[str]) -> Tensor:
    """All magnitudes of the tensors `keys`, rising, float32 (n_models, count): ranks are then looked up."""
    return torch.cat([values for key in keys for values in _magnitudes(prepared, key)], 1).sort(1).values


def levels_among(ordered: Tensor, deltas: Tensor) -> Tensor:
    """The levels of `deltas` (n_models, …) among sorted magnitudes (n_models, count), float64; as `rank_levels_of`."""
    count = ordered.shape[1]
    below = torch.searchsorted(ordered, rows(deltas).abs().contiguous(), right=True)
    return ((count - below + 1).double() / max(1, count)).reshape(deltas.shape)


def _magnitudes(prepared: PreparedMerge, key: str) -> Iterator[Tensor]:
    for chunk in input_chunks(prepared, key, stored=False):
        yield magnitudes(rows(input_deltas(prepared, chunk, sparse=False)).cpu())


def _above(wanted: Tensor, values: Tensor) -> Tensor:
    """The number of magnitudes larger than each of `wanted`, which are sorted."""
    below = torch.searchsorted(wanted, values)  # so many of them are smaller than each magnitude
    counts = torch.bincount(below, minlength=len(wanted) + 1)
    return counts.flip(0).cumsum(0).flip(0)[1:]
