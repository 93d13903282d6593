"""Exact magnitude thresholds for a density, model-wide or per tensor, without sorting.

A histogram of the upper 16 bits of the float patterns finds the bin with the m-th largest magnitude; a second histogram,
of the lower 16 bits, finds the magnitude within that bin. The histograms of all tensors add up to the model's, so the
whole model is never in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Lock, get_ident
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from mergelab.methods.ops.elementwise import count_kept
from mergelab.methods.ops.stack import BINS, Stack, bin_holding, magnitude

Table = TypeVar("Table", bound=Sequence[Any])
NEVER = float("inf")
SMALLEST = 2.0**-149
"""The smallest positive float32: a threshold that keeps everything except zeros."""


class PerThreadCounts(Generic[Table]):
    """Counts that several threads update at once; each thread has its own table, so that none waits for another."""

    def __init__(self, make: Callable[[], Table]) -> None:
        self._make, self._of = make, dict[int, Table]()

    def own(self) -> Table:
        """The calling thread's table."""
        return self._of.get(get_ident()) or self._of.setdefault(get_ident(), self._make())

    def all(self) -> list[Table]:
        """The tables of all threads that have counted."""
        return list(self._of.values())


class Ranking:
    """Histograms of the magnitudes of all tensors that are ranked together. Several threads may add to them at once.

    Pass every tensor to `add`, then call `choose` with the number of entries to keep per model, then pass every tensor
    to `refine`. Tensors that no model changed, such as frozen embeddings, do not count.
    """

    def __init__(self, n_models: int) -> None:
        self._upper = PerThreadCounts(lambda: [_no_counts() for _ in range(n_models)])
        self._counts: Counter[str] = Counter()
        self._moved: set[str] = set()
        self._places: list[list[tuple[int, int]]] = []
        self._bins: list[list[int]] = []
        self._lower: PerThreadCounts[list[Tensor]] = PerThreadCounts(list)
        self._lock = Lock()

    @property
    def count(self) -> int:
        """Number of entries per model, in tensors that at least one model changed."""
        return sum(self._counts[key] for key in self._moved)

    def add(self, stack: Stack) -> None:
        """Count the stack's magnitudes by their upper 16 bits."""
        stack.add_upper_counts(self._upper.own())
        moved = {key for key, moved in stack.moved().items() if moved}
        with self._lock:
            self._counts.update(stack.counts())
            self._moved |= moved

    def choose(self, *wanted: Sequence[int]) -> None:
        """Find the bins that hold each model's m-th largest magnitude; each of `wanted` has one m per model."""
        upper = [_sum(counts) for counts in zip(*self._upper.all(), strict=True)]
        self._places = [[bin_holding(row, m) for row, m in zip(upper, each, strict=True)] for each in wanted]
        self._bins = bins = [sorted({upper for upper, _ in places}) for places in zip(*self._places, strict=True)]
        self._lower = PerThreadCounts(lambda: [_no_counts(len(own)) for own in bins])

    def refine(self, stack: Stack) -> None:
        """Count the magnitudes in the chosen bins by their lower 16 bits."""
        stack.add_lower_counts(self._bins, self._lower.own())

    def magnitudes(self, number: int = 0) -> Tensor:
        """The m-th largest magnitudes for the `wanted` at index `number`, float32 (n_models,); inf where m is 0.

        A magnitude of 0 is replaced by the smallest positive float, because zeros are never kept.
        """
        places = enumerate(self._places[number])
        found = [magnitude(self._lower_counts(model, upper), upper, left) for model, (upper, left) in places]
        return torch.tensor(found).clamp(min=SMALLEST)

    def _lower_counts(self, model: int, upper: int) -> Tensor:
        """The lower counts of one bin, summed over threads."""
        row = self._bins[model].index(upper)
        return _sum([counts[model][row] for counts in self._lower.all()])


def _no_counts(*shape: int) -> Tensor:
    return torch.zeros(*shape, BINS, dtype=torch.int64)


def _sum(counts: Iterable[Tensor]) -> Tensor:
    tables = list(counts)
    return sum(tables[1:], start=tables[0]) if tables else _no_counts()


class Thresholds:
    """Survey of each model's m-th largest magnitude over all tensors, m = density · count.

    Tensors with different densities (set by overrides) are ranked separately. With `scope` "tensor", the engine surveys
    each tensor on its own.
    """

    def __init__(self, n_models: int, settings: Sequence[Mapping[str, Any]]) -> None:
        self.n_models, self.scope = n_models, str(settings[0].get("scope", "tensor"))
        self.rankings = {d: Ranking(n_models) for d in map(self._densities, settings) if not _trivial(d)}
        self.passes = 2 if self.rankings else 0
        self.found: Tensor | None = None
        self._known: dict[tuple[float, ...], Tensor] = {}

    def update(self, stack: Stack) -> None:
        """Add one tensor to the histograms of this pass; a whole tensor ranked on its own needs only one pass."""
        densities = self._densities(stack.settings)
        ranking = self.rankings.get(densities)
        if ranking and self.scope == "tensor" and stack.whole:
            count = stack.count if stack.any() else 0
            self.found = stack.largest([count_kept(density, count) for density in densities]).clamp(min=SMALLEST)
            self.passes = 1
        elif ranking and self.passes == 2:
            ranking.add(stack)
        elif ranking:
            ranking.refine(stack)

    def finish_pass(self) -> None:
        """End a pass; after the first, choose each model's bin."""
        if self.passes == 2 and self.found is None:
            for densities, ranking in self.rankings.items():
                ranking.choose([count_kept(density, ranking.count) for density in densities])
        self.passes -= 1

    def value(self, settings: Mapping[str, Any]) -> Tensor:
        """The thresholds for tensors with these settings, float32 (n_models,): magnitudes at or above them are kept."""
        if self.found is not None:
            return self.found
        densities = self._densities(settings)
        if densities in self.rankings:
            if densities not in self._known:
                self._known[densities] = self.rankings[densities].magnitudes()
            return self._known[densities]
        return torch.tensor([SMALLEST if density else NEVER for density in densities])

    def _densities(self, settings: Mapping[str, Any]) -> tuple[float, ...]:
        return broadcast_to_models(settings["density"], self.n_models)


def broadcast_to_models(value: float | Tensor, n_models: int) -> tuple[float, ...]:
    """The knob's value for each model."""
    return tuple(torch.as_tensor(value, dtype=torch.float64).expand(n_models).tolist())


def own_thresholds(deltas: Tensor, density: float | Tensor) -> Tensor:
    """The thresholds computed from one stack (n_models, *shape) alone, float32 (n_models,)."""
    settings = {"density": density, "scope": "tensor"}
    survey = Thresholds(len(deltas), [settings])
    stack = Stack("", deltas, settings=settings)
    while survey.passes:
        survey.update(stack)
        survey.finish_pass()
    return survey.value(settings).to(deltas.device)


def _trivial(densities: Sequence[float]) -> bool:
    """Whether no counting is needed, because every model keeps everything or nothing."""
    return all(density in (0, 1) for density in densities)
