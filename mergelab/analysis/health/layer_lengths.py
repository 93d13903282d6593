"""The lengths of each layer of a merged model, beside those of the models that it was made from."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy

from mergelab.analysis.health.weight_record import TensorLengths
from mergelab.analysis.static.layer_order import depth_of
from mergelab.checkpoints import address


@dataclass(frozen=True)
class LayerLengths:
    """L2 norms over the measured entries of the tensors in `keys`: of the merged weights, their change from the base, the
    base, and the experts' weights and deltas, (n_experts,) in the plan's order."""

    keys: tuple[str, ...]
    entries: int
    count: int
    merged: float
    change: float
    base: float
    experts: tuple[float, ...]
    deltas: tuple[float, ...]

    @classmethod
    def of(cls, tensors: Mapping[str, TensorLengths]) -> LayerLengths:
        """The lengths over all these tensors, which are added in the order of their names."""
        found = [tensors[key] for key in sorted(tensors)]
        return cls(
            tuple(sorted(tensors)),
            sum(each.entries for each in found),
            sum(each.count for each in found),
            _root(each.merged for each in found),
            _root(each.change for each in found),
            _root(each.sources.base for each in found),
            tuple(numpy.sqrt(sum(each.sources.experts for each in found)).tolist()),
            tuple(numpy.sqrt(sum(each.sources.deltas for each in found)).tolist()),
        )

    @property
    def longest(self) -> float:
        """The length of the longest change of an expert."""
        return max(self.deltas)

    @property
    def shortest(self) -> float:
        """The length of the shortest change of an expert that changes anything here; 0 if none does."""
        return min((delta for delta in self.deltas if delta), default=0.0)

    @property
    def ratio(self) -> float:
        """How many times as long the change is as the longest expert's; NaN if no expert changes anything."""
        return self.change / self.longest if self.longest else math.nan


def by_layer(tensors: Mapping[str, TensorLengths]) -> dict[str, LayerLengths]:
    """The lengths of each layer by its name, from the embeddings to the head."""
    groups: defaultdict[str, dict[str, TensorLengths]] = defaultdict(dict)
    for key in sorted(tensors, key=lambda key: (depth_of(key), key)):
        groups[address(key)[0]][key] = tensors[key]
    return {layer: LayerLengths.of(own) for layer, own in groups.items()}


def measured(lengths: LayerLengths) -> str:
    """How much of the compared tensors was measured."""
    if lengths.entries == lengths.count:
        return f"Measured on all {lengths.count:,} merged weights."
    return f"Measured on {lengths.entries:,} of {lengths.count:,} merged weights, in runs that are spread evenly."


def times(factor: float) -> str:
    """ "0.43×", "3.1×", "1,204×"."""
    return f"{factor:.2g}×" if abs(factor) < 99.5 else f"{factor:,.0f}×"


def layer_words(layers: Iterable[str]) -> str:
    """ "layer 3", "layers 2, 3 and 5", "the embeddings and layer 0"; long lists name the first and count the rest."""
    names = list(layers)
    numbers = [name for name in names if name.isdecimal()]
    others = [_OTHERS.get(name, name) for name in names if not name.isdecimal()]
    shown = numbers if len(numbers) <= 6 else [*numbers[:5], f"{len(numbers) - 5} more"]
    told = _listed(shown)
    words = [f"layer {told}" if len(numbers) == 1 else f"layers {told}"] if numbers else []
    return _listed([*others, *words])


_OTHERS = {"embeddings": "the embeddings", "head": "the head", "other": "the tensors outside of layers"}


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def _root(squares: Iterable[float]) -> float:
    return math.sqrt(math.fsum(squares))
