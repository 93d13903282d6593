"""The coordinates of a tensor at which experts pull hardest against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from mergelab.analysis.sketch import trims
from mergelab.analysis.sketch.levels import LEVELS
from mergelab.analysis.tensor_map.recipe_steps import steps_of
from mergelab.analysis.tensor_map.tensor_session import TensorSession
from mergelab.engine import Trace, in_recipe_order, input_chunks, input_deltas, read_draws
from mergelab.methods.ops.elementwise import rows
from mergelab.runtime.progress import Progress, ProgressGen

MOST = 100
"""Conflicts that are listed."""
MOST_RANKED = 1 << 26
"""Parameters of a model over which ranks are still counted: it takes another look at every delta."""


@dataclass(frozen=True)
class Conflicts:
    """The strongest conflicts of a tensor, strongest first.

    `places` (count,) are indices into the flat tensor, `strengths` the smaller of the sums of positive and of negative
    kept magnitudes. `deltas`, `kept` and `levels` (n_experts, count) in the recipe's order: expert minus base, what of it
    takes part, and the density from which on it does, NaN where that is not known. `signs` (count,) are the elected ones,
    NaN for methods without an election; `base` and `merged` (count,) are weights, `total` counts all conflicts.
    """

    total: int
    places: NDArray[numpy.int64]
    strengths: NDArray[numpy.float32]
    deltas: NDArray[numpy.float32]
    kept: NDArray[numpy.float32]
    levels: NDArray[numpy.float64]
    signs: NDArray[numpy.float32]
    base: NDArray[numpy.float32]
    merged: NDArray[numpy.float32]


class Strongest:
    """Collects the strongest conflicts from one stretch of a tensor after the other."""

    def __init__(self, desk: TensorSession, key: str) -> None:
        self._desk, self._key, self._total = desk, key, 0
        self._found: dict[str, Tensor] = {}

    def update(self, traced: Trace) -> None:
        """Take in the next stretch."""
        kept = rows(traced.kept)
        strengths = strength(kept)
        self._total += int((strengths > 0).sum())
        best = strengths.topk(min(MOST, len(strengths))).indices
        best = best[strengths[best] > 0]
        fresh = {"strengths": strengths[best], "places": best + traced.chunk.start, **self._details(traced, best)}
        merged = {
            name: torch.cat([self._found[name], each], -1) if self._found else each for name, each in fresh.items()
        }
        order = merged["strengths"].argsort(descending=True, stable=True)[:MOST]
        self._found = {name: each[..., order] for name, each in merged.items()}

    def conflicts(self) -> ProgressGen[Conflicts]:
        """What was found, with levels."""
        found, prepared = self._found, self._desk.prepared
        if "levels" not in found:
            found["levels"] = torch.full(found["deltas"].shape, torch.nan, dtype=torch.float64)
            if keys := self._ranked_among():
                found["levels"] = yield from _ranks(self._desk, keys, found["deltas"])
        in_order = {name: in_recipe_order(prepared, each) if each.ndim > 1 else each for name, each in found.items()}
        return Conflicts(self._total, **{name: each.numpy() for name, each in in_order.items()})

    def _details(self, traced: Trace, best: Tensor) -> dict[str, Tensor]:
        depth = len(traced.chunk.shape)
        found = traced.picked(lambda values: values.reshape(*values.shape[: values.ndim - depth], -1)[..., best])
        *_, last = steps_of(self._desk.prepared, found)
        return {
            "deltas": found.deltas,
            "kept": found.kept,
            "base": found.base,
            "merged": found.merged.float(),
            "signs": torch.full(best.shape, torch.nan) if last.signs is None else last.signs,
            **self._levels(traced, best),
        }

    def _levels(self, traced: Trace, best: Tensor) -> dict[str, Tensor]:
        """The levels of a sparsifier that does not choose by rank, where it alone decides."""
        prepared, recipe = self._desk.prepared, self._desk.prepared.plan.recipe
        name = recipe.sparsify.name if recipe.sparsify else ""
        if not prepared.steps or name not in LEVELS or LEVELS[name].knob != "density" or trims(recipe.rule):
            return {}
        knobs = prepared.steps[0].knobs(traced.chunk.key)
        if not LEVELS[name].fits(knobs) or any(isinstance(value, Tensor) for value in knobs.values()):
            return {}
        draws = read_draws(prepared.plan, traced.chunk) if "draws" in prepared.steps[0].rule.inputs else None
        return {"levels": rows(LEVELS[name].of(traced.deltas, draws, knobs))[:, best]}

    def _ranked_among(self) -> tuple[str, ...]:
        """The tensors among whose deltas a trim ranks; none where it ranks something else or they are too many."""
        prepared, plan = self._desk.prepared, self._desk.prepared.plan
        stage = prepared.method if trims(plan.recipe.rule) else prepared.steps[0] if prepared.steps else None
        if stage is None or not trims(stage.rule) or (stage is prepared.method and prepared.steps):
            return ()
        if stage.knobs(plan.keys[0])["scope"] == "tensor":
            return (self._key,)
        return (
            tuple(key for key in plan.keys if key not in stage.findings.idle) if plan.parameters <= MOST_RANKED else ()
        )


def strength(kept: Tensor) -> Tensor:
    """How hard kept deltas (n_models, count) pull against each other: the smaller of the sums of positive and of negative
    magnitudes; 0 where they agree. (count,)"""
    return torch.minimum(kept.clamp(min=0).sum(0), kept.clamp(max=0).sum(0).neg())


def _ranks(desk: TensorSession, keys: Sequence[str], deltas: Tensor) -> ProgressGen[Tensor]:
    """The density from which on a trim among the tensors `keys` keeps each of `deltas` (n_models, count); float64.

    An entry's rank is one more than the number of larger magnitudes, so equal ones share it, as they share their fate.
    """
    wanted, places = deltas.abs().sort(1)
    larger, count = torch.zeros(wanted.shape, dtype=torch.int64), 0
    for number, key in enumerate(keys, 1):
        for chunk in input_chunks(desk.prepared, key, stored=False):
            values = rows(input_deltas(desk.prepared, chunk, sparse=False)).cpu().abs()
            larger += torch.stack([_above(own, each) for own, each in zip(wanted, values, strict=True)])
            count += values.shape[1]
            yield Progress("Ranking conflicts", number, len(keys), key)
    levels = (larger + 1).double() / max(1, count)
    return torch.empty_like(levels).scatter_(1, places, levels)


def _above(wanted: Tensor, magnitudes: Tensor) -> Tensor:
    """How many magnitudes are larger than each of `wanted`, which are sorted."""
    below = torch.searchsorted(wanted, magnitudes)  # so many of them are smaller than each magnitude
    counts = torch.bincount(below, minlength=len(wanted) + 1)
    return counts.flip(0).cumsum(0).flip(0)[1:]
