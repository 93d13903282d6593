"""The coordinates of a tensor with the strongest conflicts between experts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from mergelab.analysis.tensor_map.survival_levels import levels_of, rank_levels_of, ranked_among
from mergelab.analysis.tensor_map.tensor_session import TensorSession
from mergelab.analysis.tensor_map.weight_reasons import picked_with_reason
from mergelab.engine import Trace, in_recipe_order
from mergelab.methods.ops.elementwise import rows
from mergelab.runtime.progress import ProgressGen

MOST = 100
"""Maximum conflicts that are listed."""


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
    """Collects the strongest conflicts of a tensor, chunk by chunk: those of all experts, or those between a `pair` of them,
    given by their places in the recipe's order."""

    def __init__(self, session: TensorSession, key: str, pair: tuple[int, int] | None = None) -> None:
        self._session, self._key, self._total = session, key, 0
        listed = session.prepared.plan.listed
        # All experts stay in the plan's order, so that sums have the same bits in every order of the recipe.
        self._among = slice(None) if pair is None else [listed[place] for place in pair]
        self._found: dict[str, Tensor] = {}

    def update(self, traced: Trace) -> None:
        """Add the next chunk."""
        strengths = strength(rows(traced.kept)[self._among])
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
            if keys := ranked_among(prepared, self._key):
                found["levels"] = yield from rank_levels_of(prepared, keys, found["deltas"])
        in_order = {name: in_recipe_order(prepared, each) if each.ndim > 1 else each for name, each in found.items()}
        return Conflicts(self._total, **{name: each.numpy() for name, each in in_order.items()})

    def _details(self, traced: Trace, best: Tensor) -> dict[str, Tensor]:
        depth, prepared = len(traced.chunk.shape), self._session.prepared
        found, reason = picked_with_reason(
            prepared, traced, lambda values: values.reshape(*values.shape[: values.ndim - depth], -1)[..., best]
        )
        signs, levels = reason.signs if reason else None, levels_of(prepared, traced)
        return {
            "deltas": found.deltas,
            "kept": found.kept,
            "base": found.base,
            "merged": found.merged.float(),
            "signs": torch.full(best.shape, torch.nan) if signs is None else signs,
            **({} if levels is None else {"levels": rows(levels)[:, best]}),
        }


def strength(kept: Tensor) -> Tensor:
    """The strength (count,) of the conflict between kept deltas (n_models, count): the smaller of the sums of positive and
    negative magnitudes; 0 where all agree."""
    return torch.minimum(kept.clamp(min=0).sum(0), kept.clamp(max=0).sum(0).neg())
