"""The cells of a model: one for each layer and module group that has merged tensors."""

from __future__ import annotations

from dataclasses import dataclass

from mergelab.checkpoints import address
from mergelab.engine import Plan


@dataclass(frozen=True)
class ModelCell:
    """A layer, a module group, and the merged tensors in it by the base's file keys."""

    layer: str
    module: str
    keys: tuple[str, ...]


def cells_of(plan: Plan) -> list[ModelCell]:
    """The cells of a plan in the order of its keys: those of the conflict heatmap."""
    found: dict[tuple[str, str], list[str]] = {}
    for key in plan.keys:
        found.setdefault(address(key), []).append(key)
    return [ModelCell(*place, tuple(keys)) for place, keys in found.items()]
