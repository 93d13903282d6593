"""Small models for merges that kernels and reference functions both do, and whether they agree."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from tiny_states import State, same_bits
from torch import Tensor

from mergelab import merge_state_dicts
from mergelab.engine import Statistics
from mergelab.engine.planning import key_groups, schedule

SHAPES = {"block.0.w": (37, 129), "block.1.w": (5000,), "scalar": (), "one": (1,), "empty": (0,), "column": (3, 1)}
DTYPES = (torch.bfloat16, torch.float16, torch.float32)
WEIGHTS = ((1.0, 1.0, 1.0), (0.5, -0.3, 1.2))
METHODS = (
    {"name": "task_arithmetic"},
    {"name": "magmax"},
    {"name": "magmax", "equal": "last"},
    {"name": "magmax", "equal": "first"},
    {"name": "ties"},
    {"name": "ties", "density": 1.0, "combine": "sum"},
    {"name": "ties", "density": 0.0},
)

_SWITCHES = {
    "scope": ("model", "tensor"),
    "elect": ("mass", "count"),
    "weigh": ("before", "after"),
    "zero_sign": ("majority", "positive", "zero"),
    "combine": ("mean", "sum", "max"),
    "divide": ("count", "weights"),
}
EVERY_TIES = [dict(zip(_SWITCHES, words, strict=True)) for words in itertools.product(*_SWITCHES.values())]
"""Every combination of the words of TIES's knobs."""


def numbers(kind: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """`normal` numbers; `coarse` ones with many equal and cancelling; `extreme` ones with zeros of both signs, subnormals
    and magnitudes from 1e-40 to 1e4."""
    values = torch.randn(shape, generator=generator)
    if kind == "coarse":
        return (values * 4).round() / 8
    if kind == "extreme":
        special = torch.tensor([0.0, -0.0, 1e-40, -1e-40, 1e-6, -3e-8, 1e4, -6e-5])
        return special[torch.randint(len(special), shape, generator=generator)]
    return values * 0.02


def models(kind: str, dtype: torch.dtype, seed: int = 0) -> tuple[State, dict[str, State]]:
    generator = torch.Generator().manual_seed(seed)
    base = {key: numbers(kind, shape, generator).to(dtype) for key, shape in SHAPES.items()}
    base["frozen"] = torch.ones(70, dtype=dtype)
    experts = {
        name: {
            key: value if key == "frozen" else (value.float() + 0.1 * numbers(kind, value.shape, generator)).to(dtype)
            for key, value in base.items()
        }
        for name in "abc"
    }
    return base, experts


def both(
    monkeypatch: pytest.MonkeyPatch,
    recipe: Mapping[str, Any],
    base: State,
    experts: dict[str, State],
    statistics: Statistics | None = None,
) -> bool:
    """Whether the kernels, over small tensors one by one and taken as one, and the reference functions agree in every bit."""
    monkeypatch.setattr(schedule, "KERNELS_FROM", 10**12)
    expected = merge_state_dicts(recipe, experts, base, statistics)
    fused(monkeypatch)
    together = merge_state_dicts(recipe, experts, base, statistics)
    with monkeypatch.context() as alone:
        alone.setattr(key_groups, "SMALL", -1)
        apart = merge_state_dicts(recipe, experts, base, statistics)
    return same_bits(apart, expected) and same_bits(together, expected)


def fused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "KERNELS_FROM", 0)
    monkeypatch.setattr(schedule, "KEEP_BYTES", 0)


def recipe(method: Mapping[str, Any], sieve: Mapping[str, Any] | None, weights: tuple[float, ...]) -> dict[str, Any]:
    given = weights if method["name"] in ("ties", "task_arithmetic") else (1.0, 1.0, 1.0)
    entries = [{"model": name, "weight": weight} for name, weight in zip("abc", given, strict=True)]
    return {"models": entries, "method": method, **({"sparsify": sieve} if sieve else {})}
