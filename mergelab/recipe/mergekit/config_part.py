"""A part of a mergekit config: models that are merged together, in all layers or in a slice of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mergelab.recipe.mergekit.model_reference import ModelReference


@dataclass(frozen=True)
class Source:
    """One model with its own parameters, and its layers if it is the source of a slice."""

    reference: ModelReference
    parameters: Mapping[str, Any] = field(default_factory=dict)
    layers: object = None

    @property
    def model(self) -> str:
        """The model's name in a recipe: an adapter takes part by its own name, on the recipe's base."""
        return self.reference.adapter or self.reference.model


@dataclass(frozen=True)
class Part:
    """Models that are merged for all layers, or a slice of them; `parameters` apply to all models of the part."""

    sources: tuple[Source, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    base: object = None
    layers: tuple[int, int] | None = None
    """The first layer and the end of the slice; None for a list of models."""
