"""TIES at many densities: every survey answers for all of them, and one pass merges all that memory holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from mergelab.checkpoints.buffers import Pool
from mergelab.engine.inputs import pieces
from mergelab.engine.running import merge_tensor, merged_body
from mergelab.engine.settling import settings, settle_method, stored_for
from mergelab.engine.stages import Settled, Stage
from mergelab.engine.threads import in_order
from mergelab.methods.ops import count_kept
from mergelab.methods.registry import Rule, Stack, Surveyed
from mergelab.methods.stack import UnfitError
from mergelab.methods.thresholds import Ranking
from mergelab.methods.ties import Majority
from mergelab.progress import finish

Densities = Sequence[Sequence[float]]
"""For each point of a sweep each model's density, the same for all tensors."""


class ThresholdsAt:
    """`Thresholds` at every point: all densities are found in the same counts."""

    def __init__(self, densities: Densities, n_models: int, settings: Sequence[Mapping[str, Any]]) -> None:
        self.densities, self.scope = densities, str(settings[0]["scope"])
        self.ranking, self.passes = Ranking(n_models), 2
        self.found = torch.empty(0)

    def see(self, stack: Stack) -> None:
        """Add one tensor, or a stretch of it, to the counts of this pass."""
        if self.passes == 2:
            self.ranking.add(stack)
        else:
            self.ranking.refine(stack)

    def turn(self) -> None:
        """After the first pass choose the bins of all points, after the second find their thresholds."""
        self.passes -= 1
        if self.passes:
            count = self.ranking.count
            self.ranking.choose(*[[count_kept(density, count) for density in each] for each in self.densities])
        else:
            self.found = torch.stack([self.ranking.magnitudes(point) for point in range(len(self.densities))])

    def result(self, settings: Mapping[str, Any]) -> Tensor:
        """float32 (n_points, n_models)."""
        return self.found


class MajorityAt(Majority):
    """`Majority` at every point, by the thresholds of each."""

    def __init__(self, n_points: int, n_models: int, settings: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(n_models, settings)
        self.totals = torch.zeros(n_points, dtype=torch.int64)

    def see(self, stack: Stack) -> None:
        """Add the elected signs of one tensor."""
        knobs = stack.settings
        weights = knobs["weights"] if knobs["weigh"] == "before" else None
        elected = torch.tensor(stack.elections(knobs["thresholds"], weights, knobs["elect"]))
        with self.lock:
            self.totals += elected

    def result(self, settings: Mapping[str, Any]) -> list[int]:  # type: ignore[override]
        """The majority's sign at each point."""
        found: list[int] = self.totals.sign().tolist()
        return found


def merged_together(settled: Settled, densities: Densities, room: int) -> Iterator[dict[str, Tensor]]:
    """The merged body at every point. As many points as fit into `room` bytes are merged in one pass, at least one.

    `settled` has not surveyed for its method yet.
    """
    swept = finish(settle_method(replace(settled, method=_answering_for_all(settled.method, densities))))
    size = max(1, sum(swept.plan.spec(key).nbytes for key in swept.plan.keys))
    at_once, points, pool = max(1, room // size), range(len(densities)), Pool()
    for start in points[::at_once]:
        yield from _group(swept, pool, points[start : start + at_once])


def _answering_for_all(stage: Stage, densities: Densities) -> Stage:
    """The stage of TIES with surveys whose results have an entry for every point."""
    surveys = {
        "thresholds": Surveyed(partial(ThresholdsAt, densities)),
        "majority": Surveyed(partial(MajorityAt, len(densities))),
    }
    rule: Rule = replace(stage.rule, inputs={**stage.rule.inputs, **surveys})
    return replace(stage, rule=rule)


def _group(swept: Settled, pool: Pool, points: Sequence[int]) -> Iterator[dict[str, Tensor]]:
    """The bodies of some points, from one pass over the models."""
    keys = swept.plan.keys
    merged = in_order(partial(_merged, swept, pool, points), keys, swept.threads)
    waiting = dict(zip(keys, merged, strict=True))
    for _ in points:
        yield finish(merged_body(swept, lambda key: waiting[key].pop(0)))


def _merged(swept: Settled, pool: Pool, points: Sequence[int], key: str) -> list[Tensor]:
    """One tensor at some points: by a kernel for all, or one after the other."""
    found = settings(swept, swept.method, key)
    each = [{name: found[name][point] for name in swept.method.surveyed} for point in points]
    return _fused(swept, pool, key, found, each) or [merge_tensor(_at(swept, key, own), key) for own in each]


def _fused(
    swept: Settled, pool: Pool, key: str, found: Mapping[str, Any], points: Sequence[Mapping[str, Any]]
) -> list[Tensor] | None:
    """One tensor at some points, each with what surveys found for it; None where kernels cannot do it."""
    if key in swept.method.idle or not (swept.fuses and swept.fused_merge):
        return None
    from mergelab.kernels.stretch import StoredStack  # numba takes a while to import

    spec = swept.plan.spec(key)
    finals = [pool.empty(spec.shape, spec.dtype) for _ in points]
    for piece in pieces(swept.plan, key, swept.stretch):
        stack = stored_for(swept, swept.method, piece, found)
        if not isinstance(stack, StoredStack):
            return None
        try:
            stack.merge_at(
                [{**found, **own} for own in points], [final.reshape(-1)[piece.start : piece.stop] for final in finals]
            )
        except UnfitError:
            return None
    return finals


def _at(swept: Settled, key: str, found: Mapping[str, Any]) -> Settled:
    """One point of the sweep, for one tensor of which it knows all that surveys found."""
    known = {name: partial(_given, value) for name, value in found.items()}
    stage = replace(swept.method, surveys={}, local=set(known), found={key: known})
    return replace(swept, method=stage)


def _given(value: Any) -> Any:
    return value
