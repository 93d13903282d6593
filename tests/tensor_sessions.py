"""Desks of models in memory, small enough to check by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from tiny_states import State, plan_for

from mergelab.analysis.tensor_map import TensorSession
from mergelab.engine import prepare
from mergelab.runtime.progress import finish

NAMES = ("a", "b", "c", "d")


def desk_for(recipe: Mapping[str, Any], models: Mapping[str, State], base: State) -> TensorSession:
    """The desk of a recipe for models in memory."""
    return TensorSession(finish(prepare(plan_for(recipe, models, base))))


def desk_of(recipe: Mapping[str, Any], *deltas: Sequence[Sequence[float]]) -> TensorSession:
    """The desk of one matrix `w`; each expert is given as its difference from a base of zeros."""
    models = {name: {"w": torch.tensor(delta)} for name, delta in zip(NAMES, deltas, strict=False)}
    return desk_for(recipe, models, {"w": torch.zeros_like(models["a"]["w"])})
