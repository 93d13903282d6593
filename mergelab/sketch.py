"""One pass over all deltas that answers for every density at once: conflict, overlap and retained mass curves.

Each element of each delta has a survival level: it is kept at density k iff its level is at most k. A statistic that
only changes when an element starts to be kept is therefore a histogram over levels whose cumulative sum is the whole
curve. Levels are binned on a square-root grid (finest at small densities); magnitudes are ranked through a histogram of
the upper 16 bits of their float pattern. Together that is the sketch's error, `BIN_ERROR`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from mergelab.checkpoints import address
from mergelab.checkpoints.cache import write_atomically
from mergelab.engine import Plan, Settled, deltas, drawn, settle_sparsifier, sparse_deltas
from mergelab.methods.ops import rows
from mergelab.methods.registry import Draws, Rule
from mergelab.methods.thresholds import BINS, magnitude_bits
from mergelab.progress import Progress, Steps
from mergelab.recipe import Recipe

GRID = 400
"""Level bins: bin b holds levels in ((b-1)²/GRID², b²/GRID²]."""
BIN_ERROR = 0.005
"""Largest error of a curve's position, in density."""
NEVER = GRID + 1
DRAWN = "draws"
SCOPES = ("model", "tensor")

PER_TENSOR = ("conflict", "coactive", "active")
PER_EXPERT = ("kept", "mass")

Curve = NDArray[numpy.float64]
_Part = dict[str, Curve]


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
        """Write the sketch as one .npz file; readers see a whole file or none."""
        flat = {
            f"{scope}/{name}": array for scope, curves in self.curves.items() for name, array in vars(curves).items()
        }
        plain = {name: numpy.asarray(value) for name, value in vars(self).items() if name != "curves"}
        buffer = io.BytesIO()
        numpy.savez_compressed(buffer, allow_pickle=False, **plain, **flat)
        write_atomically(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> Sketch:
        """Read a sketch that `save` wrote."""
        with path.open("rb") as file, numpy.load(file, allow_pickle=False) as stored:
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
    ranks = _tables(upper, changed)
    parts: dict[str, list[_Part]] = {}
    for number, key in enumerate(plan.keys, 1):
        for scope, part in _parts(settled, key, ranks):
            parts.setdefault(scope, []).append(part)
        yield Progress("Sketching", number, len(plan.keys), key)
    places = [address(key) for key in plan.keys]
    return Sketch(
        experts=tuple(plan.experts[place].name for place in order),
        layers=tuple(layer for layer, _ in places),
        modules=tuple(module for _, module in places),
        entries=numpy.array([plan.base.specs[key].count for key in plan.keys], dtype=numpy.int64),
        changed=changed,
        magnitudes=upper.reshape(len(upper), BINS // 16, 16).sum(2).numpy()[order],
        curves={scope: _joined(of_tensors, order) for scope, of_tensors in parts.items()},
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
        return (yield from settle_sparsifier(plan, device))
    return Settled.unsurveyed(plan, device)


def ranked(settled: Settled, key: str) -> Tensor:
    """(n_models, count): the deltas among which the recipe's last step chooses, before it does."""
    values = sparse_deltas(settled, key) if trims(settled.plan.recipe.rule) else deltas(settled, key)
    return rows(values)


def _histograms(settled: Settled) -> Steps[Tensor]:
    """(n_models, BINS) counts of the upper 16 bits of all magnitudes, tensors that no model changed left out."""
    keys = settled.plan.keys
    total = torch.zeros(len(settled.plan.experts), BINS, dtype=torch.int64)
    for number, key in enumerate(keys, 1):
        values = ranked(settled, key)
        if values.any():
            total += _histogram(magnitude_bits(values) >> 16)
        else:
            settled.method.idle.add(key)
        yield Progress("Ranking magnitudes", number, len(keys), key)
    return total


def _histogram(upper: Tensor) -> Tensor:
    return torch.stack([torch.bincount(row, minlength=BINS).cpu() for row in upper])


def _tables(histogram: Tensor, count: int) -> Tensor:
    """(n_models, BINS) int16: the level bin of every magnitude bin; zero and absent magnitudes are NEVER kept.

    A magnitude is kept once round(density · count) exceeds the number of larger ones, so equal magnitudes share a level.
    """
    larger = histogram.flip(1).cumsum(1).flip(1) - histogram
    levels = (GRID * ((larger + 0.5) / max(count, 1)).sqrt()).ceil().clamp(1, GRID)
    levels[:, 0] = NEVER
    return levels.to(torch.int16)


def _parts(settled: Settled, key: str, ranks: Tensor) -> Iterator[tuple[str, _Part]]:
    """The curves of one tensor for each scope of survival."""
    drawing = _draws_survivors(settled.plan.recipe)
    if key in settled.method.idle:
        nothing = _nothing(len(settled.plan.experts))
        yield from ((scope, nothing) for scope in (*SCOPES, *([DRAWN] if drawing else [])))
        return
    values = ranked(settled, key)
    upper = magnitude_bits(values) >> 16
    histogram = _histogram(upper)
    for scope, tables in (("model", ranks), ("tensor", _tables(histogram, values.shape[1]))):
        levels = torch.stack([table.to(values.device)[row] for table, row in zip(tables, upper, strict=True)])
        yield scope, _overlaps(values, levels) | _survivors(values, upper, histogram, tables)
    if drawing:
        levels = _drawn_levels(settled, key, values)
        yield DRAWN, _overlaps(values, levels) | _counted_survivors(values, levels)


def _draws_survivors(recipe: Recipe) -> bool:
    return bool(recipe.sparsifier and recipe.sparsifier.wanting(Draws) and not trims(recipe.rule))


def _drawn_levels(settled: Settled, key: str, values: Tensor) -> Tensor:
    levels = (
        (GRID * ((rows(drawn(settled.plan, key)) + 1).double() / 2**32).sqrt()).ceil().clamp(1, GRID).to(torch.int16)
    )
    return torch.where(values == 0, NEVER, levels.to(values.device))


def _overlaps(values: Tensor, levels: Tensor) -> _Part:
    """Where one, two and two opposed deltas start to be kept."""
    never = torch.full_like(levels[0], NEVER)
    first, second, positive, negative = never, never, never, never
    for row, level in zip(values, levels, strict=True):
        second = torch.minimum(second, torch.maximum(first, level))
        first = torch.minimum(first, level)
        # A zero's level is NEVER, so it may count on either side.
        positive = torch.minimum(positive, torch.where(row > 0, level, NEVER))
        negative = torch.minimum(negative, torch.where(row > 0, NEVER, level))
    conflict = torch.maximum(positive, negative)
    return {"conflict": _cumulative(conflict), "coactive": _cumulative(second), "active": _cumulative(first)}


def _survivors(values: Tensor, upper: Tensor, histogram: Tensor, tables: Tensor) -> _Part:
    """Kept entries and squares by level, summed over magnitude bins first: all of a bin share a level."""
    squares = [torch.bincount(bins, row.double().square(), BINS).cpu() for bins, row in zip(upper, values, strict=True)]
    return {
        "kept": numpy.stack([_cumulative(levels, row.double()) for levels, row in zip(tables, histogram, strict=True)]),
        "mass": numpy.stack([_cumulative(levels, row) for levels, row in zip(tables, squares, strict=True)]),
    }


def _counted_survivors(values: Tensor, levels: Tensor) -> _Part:
    """Kept entries and squares by level, entry by entry."""
    pairs = list(zip(values, levels, strict=True))
    return {
        "kept": numpy.stack([_cumulative(level) for _, level in pairs]),
        "mass": numpy.stack([_cumulative(level, row.double().square()) for row, level in pairs]),
    }


def _nothing(n_experts: int) -> _Part:
    flat = {name: numpy.zeros(GRID + 1) for name in PER_TENSOR}
    return flat | {name: numpy.zeros((n_experts, GRID + 1)) for name in PER_EXPERT}


def _cumulative(levels: Tensor, weights: Tensor | None = None) -> Curve:
    counts = torch.bincount(levels, weights, minlength=NEVER + 1)[: GRID + 1]
    return counts.double().cumsum(0).cpu().numpy()


def _joined(parts: list[_Part], order: NDArray[numpy.int64]) -> Curves:
    per_tensor = {name: numpy.stack([part[name] for part in parts]) for name in PER_TENSOR}
    per_expert = {name: numpy.sum([part[name] for part in parts], axis=0)[order] for name in PER_EXPERT}
    return Curves(**per_tensor, **per_expert)
