"""How long the base, the experts and their changes are, tensor by tensor: what a merge is measured against."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from mergelab.engine import Chunk, Plan
from mergelab.engine.reading.inputs import read_base, read_deltas
from mergelab.linalg import squares_of

MOST_ENTRIES = 1 << 17
"""Entries of a tensor that are measured; of larger ones, as many in runs that are spread evenly. A norm over so many is within
one percent of the whole tensor's, and all figures that are compared are of the same entries."""
RUNS = 8
PLANS = 8
"""For how many sets of models the lengths are kept in this process, so that a merge with other knobs measures only itself."""
CPU = torch.device("cpu")


def runs_of(count: int) -> tuple[slice, ...]:
    """The flat entries of a tensor that are measured: all, or `RUNS` runs from its first entry to its last."""
    if count <= MOST_ENTRIES:
        return (slice(0, count),)
    length = MOST_ENTRIES // RUNS
    starts = [number * (count - length) // (RUNS - 1) for number in range(RUNS)]
    return tuple(slice(start, start + length) for start in starts)


def _chunk(key: str, run: slice) -> Chunk:
    return Chunk(key, (run.stop - run.start,), run.start, run.stop)


@dataclass(frozen=True, eq=False)
class SourceLengths:
    """Squared L2 norms over the measured entries of one tensor: of the base, and of the experts' weights and their deltas,
    both float64 (n_experts,) in the plan's order."""

    base: float
    experts: NDArray[numpy.float64]
    deltas: NDArray[numpy.float64]


_known: OrderedDict[Hashable, dict[str, SourceLengths]] = OrderedDict()


def kept_lengths(plan: Plan) -> dict[str, SourceLengths]:
    """What is known of a plan's models by the base's file key, to be filled; kept for plans with the same models."""
    names = tuple(tuple(sorted(keys.items())) for keys in plan.expert_keys)
    key = (plan.base.content_hash(), plan.hashes, names)
    found = _known.setdefault(key, {})
    _known.move_to_end(key)
    while len(_known) > PLANS:
        _known.popitem(last=False)
    return found


def source_lengths(plan: Plan, key: str, runs: tuple[slice, ...]) -> SourceLengths:
    """The lengths of one tensor's sources over these runs. Raises MergeError for a value of theirs that is not finite."""
    base = base_values(plan, key, runs)
    deltas = _joined([read_deltas(plan, _chunk(key, run), CPU) for run in runs])
    moved, own = zip(*(squares_of(delta, -base) for delta in deltas), strict=True)
    return SourceLengths(squares_of(base, base)[0], numpy.array(own), numpy.array(moved))


def base_values(plan: Plan, key: str, runs: tuple[slice, ...]) -> Tensor:
    """The base's entries of these runs, one after the other, in the tensor's arithmetic."""
    return _joined([read_base(plan, _chunk(key, run), CPU) for run in runs])


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts, -1)
