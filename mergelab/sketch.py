"""One pass over all deltas that answers for every density at once: conflict, overlap and retained mass curves.

Each element of each delta has a survival level: it is kept at density k iff its level is at most k. A statistic that
only changes when an element starts to be kept is therefore a histogram over levels whose cumulative sum is the whole
curve. Levels are binned on a square-root grid (finest at small densities); magnitudes are ranked through a histogram of
the upper 16 bits of their float pattern. Together that is the sketch's error, `BIN_ERROR`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from mergelab.checkpoints import address
from mergelab.engine import Plan, Settled, deltas, settle, sparse_deltas
from mergelab.methods.ops import rows
from mergelab.methods.registry import Draws, Rule
from mergelab.methods.thresholds import BINS, magnitude_bits
from mergelab.progress import Progress, Steps
from mergelab.randomness import draws
from mergelab.recipe import Recipe

GRID = 400
"""Level bins: bin b holds levels in ((b-1)²/GRID², b²/GRID²]."""
BIN_ERROR = 0.005
"""Largest error of a curve's position, in density."""
NEVER = GRID + 1
DRAWN = "draws"
SCOPES = ("model", "tensor")

Curve = NDArray[numpy.float64]


@dataclass(frozen=True)
class Curves:
    """Cumulative curves over the grid. Per tensor (n_tensors, GRID+1) counts of entries: `conflict` (two kept deltas of
    opposite sign), `coactive` (two or more kept), `active` (one or more kept). Per expert (n_experts, GRID+1): `kept`
    entries and `mass`, the sum of their squares."""

    conflict: Curve
    coactive: Curve
    active: Curve
    kept: Curve
    mass: Curve


@dataclass(frozen=True)
class Sketch:
    """What the page knows of a set of deltas without touching weights; numpy only.

    `entries` counts each tensor's entries, `changed` those in tensors that any expert changed; `magnitudes` is (n_experts, BINS/16) counts by the upper 12 bits of |delta|.
    """

    experts: tuple[str, ...]
    layers: tuple[str, ...]
    modules: tuple[str, ...]
    entries: NDArray[numpy.int64]
    changed: int
    magnitudes: NDArray[numpy.int64]
    curves: dict[str, Curves] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write the sketch as one .npz file."""
        flat = {
            f"{scope}/{name}": array for scope, curves in self.curves.items() for name, array in vars(curves).items()
        }
        plain = {name: numpy.asarray(value) for name, value in vars(self).items() if name != "curves"}
        numpy.savez_compressed(path, allow_pickle=False, **plain, **flat)

    @classmethod
    def load(cls, path: Path) -> Sketch:
        """Read a sketch that `save` wrote."""
        with numpy.load(path, allow_pickle=False) as stored:
            scopes = sorted({name.split("/")[0] for name in stored if "/" in name})
            curves = {
                scope: Curves(**{name: stored[f"{scope}/{name}"] for name in Curves.__dataclass_fields__})
                for scope in scopes
            }
            texts = {name: tuple(str(entry) for entry in stored[name]) for name in ("experts", "layers", "modules")}
            return cls(
                **texts,
                entries=stored["entries"],
                changed=int(stored["changed"]),
                magnitudes=stored["magnitudes"],
                curves=curves,
            )


def draw_sketch(plan: Plan, device: str = "cpu") -> Steps[Sketch]:
    """Read the deltas twice and summarise them; the order of experts is the recipe's."""
    settled = yield from _prepared(plan, device)
    order = numpy.argsort(plan.positions)
    upper = yield from _histograms(settled)
    changed = int(upper[0].sum())
    tables = {"model": _tables(upper, changed)}
    parts: dict[str, list[Any]] = {}
    for number, key in enumerate(plan.keys, 1):
        for scope, levels, values in _levels(settled, key, tables):
            parts.setdefault(scope, []).append(_curves_of(values, levels))
        yield Progress("Sketching", number, len(plan.keys), key)
    places = [address(key) for key in plan.keys]
    return Sketch(
        experts=tuple(plan.experts[place].name for place in order),
        layers=tuple(layer for layer, _ in places),
        modules=tuple(module for _, module in places),
        entries=numpy.array([plan.base.specs[key].count for key in plan.keys], dtype=numpy.int64),
        changed=changed,
        magnitudes=upper.reshape(len(upper), BINS // 16, 16).sum(2).numpy()[order],
        curves={scope: _joined(rows_, order) for scope, rows_ in parts.items()},
    )


def sketch_needs(recipe: Recipe) -> str:
    """Recipes with equal answers share a sketch: same models and, where it comes before a trim, same sparsifier stage."""
    stage = "all"
    if recipe.sparsify and trims(recipe.rule):
        stage = f"{recipe.sparsify.to_mapping()} seed {recipe.seed}"
    elif recipe.sparsifier and recipe.sparsifier.wanting(Draws):
        stage = f"draws seed {recipe.seed}"
    return f"{recipe.base} | {', '.join(expert.model for expert in recipe.models)} | {stage}"


def trims(rule: Rule | None) -> bool:
    """Whether the rule keeps the largest magnitudes."""
    return rule is not None and "thresholds" in rule.inputs


def grid_place(density: float) -> float:
    """Where a density lies on the grid, in bins; the inverse of b²/GRID²."""
    return GRID * float(numpy.sqrt(density))


def _prepared(plan: Plan, device: str) -> Steps[Settled]:
    """The sparsifier's surveys are needed only when its output is what gets ranked."""
    if plan.recipe.sparsify and trims(plan.recipe.rule):
        return (yield from settle(plan, device))
    return Settled.unsurveyed(plan, device)


def _ranked(settled: Settled, key: str) -> Tensor:
    values = sparse_deltas(settled, key) if trims(settled.plan.recipe.rule) else deltas(settled, key)
    return rows(values)


def _histograms(settled: Settled) -> Steps[Tensor]:
    """(n_models, BINS) counts of the upper 16 bits of all magnitudes, tensors that no model changed left out."""
    keys = settled.plan.keys
    total = torch.zeros(len(settled.plan.experts), BINS, dtype=torch.int64)
    for number, key in enumerate(keys, 1):
        values = _ranked(settled, key)
        total += _histogram(values) if values.any() else 0
        yield Progress("Ranking magnitudes", number, len(keys), key)
    return total


def _histogram(values: Tensor) -> Tensor:
    return torch.stack([torch.bincount(magnitude_bits(row) >> 16, minlength=BINS).cpu() for row in values])


def _tables(histogram: Tensor, count: int) -> Tensor:
    """(n_models, BINS) int16: the level bin of every magnitude bin; zero and absent magnitudes are NEVER kept."""
    rank = histogram.flip(1).cumsum(1).flip(1).double()
    levels = (GRID * (rank / max(count, 1)).sqrt()).ceil().clamp(1, GRID)
    levels[:, 0] = NEVER
    return levels.to(torch.int16)


def _levels(settled: Settled, key: str, tables: dict[str, Tensor]) -> Iterator[tuple[str, Tensor, Tensor]]:
    """For each scope of survival: the level bins and the deltas, both (n_models, count)."""
    values = _ranked(settled, key)
    bits = (magnitude_bits(values) >> 16).long()
    own = _histogram(values)
    tables["tensor"] = _tables(own, values.shape[1])
    for scope in SCOPES:
        yield scope, tables[scope].to(values.device).gather(1, bits), values
    sparsifier = settled.plan.recipe.sparsifier
    if sparsifier and sparsifier.wanting(Draws) and not trims(settled.plan.recipe.rule):
        yield DRAWN, _drawn_levels(settled, key, values), values


def _drawn_levels(settled: Settled, key: str, values: Tensor) -> Tensor:
    plan, shape = settled.plan, settled.plan.base.specs[key].shape
    drawn = rows(torch.stack([draws(plan.recipe.seed, expert.content_hash(), key, shape) for expert in plan.experts]))
    levels = (GRID * ((drawn + 1).double() / 2**32).sqrt()).ceil().clamp(1, GRID).to(torch.int16)
    return torch.where(values == 0, NEVER, levels.to(values.device))


def _curves_of(values: Tensor, levels: Tensor) -> dict[str, NDArray[numpy.float64]]:
    never = torch.full_like(levels[0], NEVER)
    first, second, positive, negative = never, never, never, never
    for row, level in zip(values, levels, strict=True):
        second = torch.minimum(second, torch.maximum(first, level))
        first = torch.minimum(first, level)
        positive = torch.where(row > 0, torch.minimum(positive, level), positive)
        negative = torch.where(row < 0, torch.minimum(negative, level), negative)
    return {
        "conflict": _cumulative(torch.maximum(positive, negative)),
        "coactive": _cumulative(second),
        "active": _cumulative(first),
        "kept": numpy.stack([_cumulative(level) for level in levels]),
        "mass": numpy.stack(
            [_cumulative(level, row.double().square()) for row, level in zip(values, levels, strict=True)]
        ),
    }


def _cumulative(levels: Tensor, weights: Tensor | None = None) -> NDArray[numpy.float64]:
    counts = torch.bincount(levels.long(), weights, minlength=NEVER + 1)[: GRID + 1]
    return counts.double().cumsum(0).cpu().numpy()


def _joined(parts: list[dict[str, NDArray[numpy.float64]]], order: NDArray[numpy.int64]) -> Curves:
    per_tensor = {name: numpy.stack([part[name] for part in parts]) for name in ("conflict", "coactive", "active")}
    per_expert = {name: numpy.sum([part[name] for part in parts], axis=0)[order] for name in ("kept", "mass")}
    return Curves(**per_tensor, **per_expert)
