"""The experts' Fisher information: its distribution, and which expert has the largest weight where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy
import pandas
import torch
from numpy.typing import NDArray
from torch import Tensor

from mergelab.analysis.interference import pair_products
from mergelab.checkpoints.alignment.tensor_location import address
from mergelab.engine import Plan
from mergelab.methods.fisher import strengths
from mergelab.methods.ops.square_sums import SquareSums
from mergelab.recipe.tensor_selection import TensorSelection
from mergelab.runtime.progress import Progress, ProgressGen

TOP_SHARE = 0.01
"""Fraction of entries, those with the largest Fisher, whose share of the total is reported."""
LOWEST, HIGHEST, PER_DECADE = -24, 8, 4
"""The histogram's range in powers of ten, and its bins per decade; outliers count in the first or last bin."""


@dataclass(frozen=True)
class FisherViews:
    """Fisher information over the merged tensors, with the experts in the recipe's order.

    `edges` (bins + 1,) are log10 F; `shares` (n_experts, bins) are shares of the entries per decade. `experts` has
    expert, mass (ΣF), largest, and the shares zero, top and below_floor. `cells` has layer, module, entries, expert, wins
    and weight. `cosines` is (n_experts, n_experts), NaN for an expert without information. `floor` is the method's knob.
    """

    names: tuple[str, ...]
    edges: NDArray[numpy.float64]
    shares: NDArray[numpy.float64]
    experts: pandas.DataFrame
    cells: pandas.DataFrame
    cosines: NDArray[numpy.float64]
    floor: float


def fisher_views(plan: Plan) -> ProgressGen[FisherViews]:
    """The views of a plan for the method fisher, with statistics; its knobs and weights determine the wins."""
    order = numpy.array(plan.listed)
    names = tuple(plan.experts[place].name for place in order)
    knobs = plan.recipe.method.knobs
    spread = _Spread(len(names))
    cells: list[tuple[str, Tensor, Tensor]] = []
    norms = yield from _norms(plan)
    for number, key in enumerate(plan.keys, 1):
        information = _information(plan, key)
        spread.add(information, float(knobs["floor"]))
        strength = strengths(information, **_settings(plan), norms=norms, position=torch.tensor(plan.positions))
        cells.append((key, _wins(strength)[order], _weights(strength)[order]))
        yield Progress("Reading Fisher information", number, len(plan.keys), key)
    spread.list_in(order)
    tops = [_top_share(plan, name) for name in names]
    low, high = spread.lit()
    edges = LOWEST + numpy.arange(low, high + 1) / PER_DECADE
    shares = spread.bins[:, low:high] * PER_DECADE / max(spread.entries, 1)
    return FisherViews(
        names,
        edges,
        shares,
        spread.table(names, tops),
        _cell_table(cells, names),
        spread.cosines(),
        float(knobs["floor"]),
    )


def _settings(plan: Plan) -> dict[str, Any]:
    knobs = plan.recipe.method.knobs
    weights = [plan.recipe.models[place].weight for place in plan.positions]
    chosen = {name: knobs[name] for name in ("normalize", "floor", "floor_by", "floor_on")}
    return {"weights": torch.tensor(weights, dtype=torch.float32), **chosen}


def _information(plan: Plan, key: str) -> Tensor:
    """The experts' Fisher information for one tensor, float32 (n_experts, *shape), in the plan's order."""
    given = plan.statistics["fisher"]
    return torch.stack([given[expert.name][key] for expert in plan.experts])


def _norms(plan: Plan) -> ProgressGen[Tensor]:
    """The norm of each expert's Fisher over all tensors, float32 (n_experts,), as used by the method."""
    squares = SquareSums(len(plan.experts))
    for number, key in enumerate(plan.keys, 1):
        squares.add(_information(plan, key))
        yield Progress("Reading Fisher norms", number, len(plan.keys), key)
    return squares.norms().float()


class _Spread:
    """Sums over tensors of counts, masses and inner products of the experts' Fisher information."""

    def __init__(self, count: int) -> None:
        self.entries = 0
        self.bins = numpy.zeros((count, (HIGHEST - LOWEST) * PER_DECADE))
        self.zero, self.below = numpy.zeros(count), numpy.zeros(count)
        self.mass, self.largest = numpy.zeros(count), numpy.zeros(count)
        self.products = numpy.zeros((count, count))

    def add(self, information: Tensor, floor: float) -> None:
        """Add one tensor's information (n_experts, *shape)."""
        rows = information.flatten(1).double()
        self.entries += rows.shape[1]
        self.bins += numpy.stack([_counts(row, self.bins.shape[1]) for row in rows])
        self.zero += (rows == 0).sum(1).numpy()
        self.below += (rows < floor).sum(1).numpy()
        self.mass += rows.sum(1).numpy()
        self.largest = numpy.maximum(self.largest, rows.amax(1).numpy() if rows.shape[1] else 0)
        self.products += pair_products(rows).numpy()

    def list_in(self, order: NDArray[numpy.int64]) -> None:
        """Reorder the experts; `order` holds the current index of each."""
        for name in ("bins", "zero", "below", "mass", "largest"):
            setattr(self, name, getattr(self, name)[order])
        self.products = self.products[numpy.ix_(order, order)]

    def lit(self) -> tuple[int, int]:
        """The range from the first to the last bin with at least 1 in 10,000 entries."""
        found = numpy.flatnonzero(self.bins.max(0) > 1e-4 * max(self.entries, 1))
        return (int(found.min()), int(found.max()) + 1) if len(found) else (0, 1)

    def cosines(self) -> NDArray[numpy.float64]:
        """The cosines between the experts, (n_experts, n_experts)."""
        norms = numpy.sqrt(numpy.diagonal(self.products))
        outer = numpy.outer(norms, norms)
        return self.products / numpy.where(outer == 0, numpy.nan, outer)

    def table(self, names: Sequence[str], tops: Sequence[float]) -> pandas.DataFrame:
        """One row per expert."""
        whole = max(self.entries, 1)
        return pandas.DataFrame(
            {
                "expert": names,
                "mass": self.mass,
                "largest": self.largest,
                "zero": self.zero / whole,
                "top": tops,
                "below_floor": self.below / whole,
            }
        )


def _counts(values: Tensor, bins: int) -> NDArray[numpy.float64]:
    """The number of `values` in each bin; zeros are in none."""
    places = ((values[values > 0].log10() - LOWEST) * PER_DECADE).floor().clamp(0, bins - 1)
    found: NDArray[numpy.float64] = torch.bincount(places.long(), minlength=bins).double().numpy()
    return found


def _top_share(plan: Plan, name: str) -> float:
    """The exact share of an expert's total in its largest entries; NaN if the total is 0."""
    given = plan.statistics["fisher"][name]
    flat = torch.cat([given[key].flatten() for key in plan.keys])
    count, total = max(1, round(TOP_SHARE * len(flat))), float(flat.double().sum())
    return float(flat.topk(min(count, len(flat))).values.double().sum()) / total if total else float("nan")


def _wins(strength: Tensor) -> Tensor:
    """The number of entries where each expert is the largest, (n_experts,); equal ones share an entry."""
    rows = strength.flatten(1)
    largest = rows == rows.amax(0)
    return (largest.double() / largest.sum(0)).sum(1)


def _weights(strength: Tensor) -> Tensor:
    """The sum over entries of each expert's share, (n_experts,); equal shares where all are 0, as in the method."""
    rows = strength.flatten(1).double()
    total = rows.sum(0)
    return torch.where(total == 0, 1 / len(rows), rows / total).sum(1)


def _cell_table(cells: Sequence[tuple[str, Tensor, Tensor]], names: Sequence[str]) -> pandas.DataFrame:
    """The wins and weights as shares of the entries of each layer and module."""
    table = pandas.DataFrame(
        list(_cell_rows(cells, names)), columns=["layer", "module", "entries", "expert", "wins", "weight"]
    )
    summed = table.groupby(["layer", "module", "expert"], sort=False, as_index=False).sum()
    for column in ("wins", "weight"):
        summed[column] = summed[column] / summed["entries"]
    return summed


def _cell_rows(cells: Sequence[tuple[str, Tensor, Tensor]], names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    for key, wins, weights in cells:
        entries = round(float(wins.sum()))
        for place, name in enumerate(names):
            yield (*address(key), entries, name, float(wins[place]), float(weights[place]))


def as_fisher(given: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's mapping with the method fisher: unchanged, or else its models with fisher's defaults."""
    method = given.get("method")
    name = method.get("name") if isinstance(method, Mapping) else method
    if name == "fisher":
        return dict(given)
    models = [
        {"model": each, "weight": 1.0} if isinstance(each, str) else {"model": each["model"], "weight": 1.0}
        for each in given["models"]
    ]
    chosen = {name: given[name] for name in TensorSelection.FIELDS if name in given}
    return {"base": given.get("base"), "models": models, "method": "fisher", **chosen}
