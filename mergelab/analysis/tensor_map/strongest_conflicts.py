"""The coordinates of a tensor with the strongest conflicts between experts."""

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
"""Maximum conflicts that are listed."""
MOST_RANKED = 1 << 26
"""Maximum parameters of a model over which ranks are counted, which reads every delta once more."""


@dataclass(frozen=True)
class Conflicts:
    """The strongest conflicts of a tensor, strongest first.

    `places` (count,) are indices into the flat tensor; `strengths` (count,) the smaller of the sums of positive and negative
    kept magnitudes. `deltas`, `kept` and `levels` are (n_experts, count) in the recipe's order: expert minus base, its part
    in the merge, and the density from which on it takes part, NaN if unknown. `signs` (count,) are the elected signs, NaN
    for methods without an election. `base` and `merged` (count,) are weights; `total` counts all conflicts.
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
    """Collects the strongest conflicts of a tensor, chunk by chunk."""

    def __init__(self, session: TensorSession, key: str) -> None:
        self._session, self._key, self._total = session, key, 0
        self._found: dict[str, Tensor] = {}

    def update(self, traced: Trace) -> None:
        """Add the next chunk."""
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
        """The conflicts found, with survival levels."""
        found, prepared = self._found, self._session.prepared
        if "levels" not in found:
            found["levels"] = torch.full(found["deltas"].shape, torch.nan, dtype=torch.float64)
            if keys := self._ranked_among():
                found["levels"] = yield from _ranks(self._session, keys, found["deltas"])
        in_order = {name: in_recipe_order(prepared, each) if each.ndim > 1 else each for name, each in found.items()}
        return Conflicts(self._total, **{name: each.numpy() for name, each in in_order.items()})

    def _details(self, traced: Trace, best: Tensor) -> dict[str, Tensor]:
        depth = len(traced.chunk.shape)
        found = traced.picked(lambda values: values.reshape(*values.shape[: values.ndim - depth], -1)[..., best])
        *_, last = steps_of(self._session.prepared, found)
        return {
            "deltas": found.deltas,
            "kept": found.kept,
            "base": found.base,
            "merged": found.merged.float(),
            "signs": torch.full(best.shape, torch.nan) if last.signs is None else last.signs,
            **self._levels(traced, best),
        }

    def _levels(self, traced: Trace, best: Tensor) -> dict[str, Tensor]:
        """The survival levels of a sparsifier that does not choose by rank, if it alone decides."""
        prepared, recipe = self._session.prepared, self._session.prepared.plan.recipe
        name = recipe.sparsify.name if recipe.sparsify else ""
        if not prepared.steps or name not in LEVELS or LEVELS[name].knob != "density" or trims(recipe.rule):
            return {}
        knobs = prepared.steps[0].knobs(traced.chunk.key)
        if not LEVELS[name].fits(knobs) or any(isinstance(value, Tensor) for value in knobs.values()):
            return {}
        draws = read_draws(prepared.plan, traced.chunk) if "draws" in prepared.steps[0].rule.inputs else None
        return {"levels": rows(LEVELS[name].of(traced.deltas, draws, knobs))[:, best]}

    def _ranked_among(self) -> tuple[str, ...]:
        """The tensors among whose deltas a trim ranks; none if it ranks other values, or if there are too many parameters."""
        prepared, plan = self._session.prepared, self._session.prepared.plan
        step = prepared.method if trims(plan.recipe.rule) else prepared.steps[0] if prepared.steps else None
        if step is None or not trims(step.rule) or (step is prepared.method and prepared.steps):
            return ()
        if step.knobs(plan.keys[0])["scope"] == "tensor":
            return (self._key,)
        return (
            tuple(key for key in plan.keys if key not in step.findings.idle) if plan.parameters <= MOST_RANKED else ()
        )


def strength(kept: Tensor) -> Tensor:
    """The strength (count,) of the conflict between kept deltas (n_models, count): the smaller of the sums of positive and
    negative magnitudes; 0 where all agree."""
    return torch.minimum(kept.clamp(min=0).sum(0), kept.clamp(max=0).sum(0).neg())


def _ranks(session: TensorSession, keys: Sequence[str], deltas: Tensor) -> ProgressGen[Tensor]:
    """The density from which on a trim among the tensors `keys` keeps each of `deltas` (n_models, count); float64.

    An entry's rank is one more than the number of larger magnitudes: equal magnitudes share a rank, and are kept together.
    """
    wanted, places = deltas.abs().sort(1)
    larger, count = torch.zeros(wanted.shape, dtype=torch.int64), 0
    for number, key in enumerate(keys, 1):
        for chunk in input_chunks(session.prepared, key, stored=False):
            values = rows(input_deltas(session.prepared, chunk, sparse=False)).cpu().abs()
            larger += torch.stack([_above(own, each) for own, each in zip(wanted, values, strict=True)])
            count += values.shape[1]
            yield Progress("Ranking conflicts", number, len(keys), key)
    levels = (larger + 1).double() / max(1, count)
    return torch.empty_like(levels).scatter_(1, places, levels)


def _above(wanted: Tensor, magnitudes: Tensor) -> Tensor:
    """The number of magnitudes larger than each of `wanted`, which are sorted."""
    below = torch.searchsorted(wanted, magnitudes)  # so many of them are smaller than each magnitude
    counts = torch.bincount(below, minlength=len(wanted) + 1)
    return counts.flip(0).cumsum(0).flip(0)[1:]
