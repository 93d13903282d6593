"""What experts' Fisher information says about a Fisher-weighted average: how it is spread, and who wins where."""

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
from mergelab.methods.ops.square_sums import Squares
from mergelab.runtime.progress import Progress, ProgressGen

TOP_SHARE = 0.01
"""The entries with the largest Fisher whose share of the sum is told."""
LOWEST, HIGHEST, PER_DECADE = -24, 8, 4
"""The histogram's range in powers of ten; what lies outside is counted in its first or last bin."""


@dataclass(frozen=True)
class FisherViews:
    """Fisher information over the merged tensors, the experts in the recipe's order.

    `edges` (bins + 1,) are log10 F, `shares` (n_experts, bins) shares of the entries per decade, `experts` has expert,
    mass (ΣF), largest, zero, top, below_floor (shares). `cells` has layer, module, entries, expert, wins, weight.
    `cosines` is (n_experts, n_experts), NaN for an expert without information. `floor` is the method's.
    """

    names: tuple[str, ...]
    edges: NDArray[numpy.float64]
    shares: NDArray[numpy.float64]
    experts: pandas.DataFrame
    cells: pandas.DataFrame
    cosines: NDArray[numpy.float64]
    floor: float


def fisher_views(plan: Plan) -> ProgressGen[FisherViews]:
    """The views of a plan for the method fisher whose statistics are taken; its knobs and weights decide who wins."""
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
    """(n_experts, *shape) in the plan's order, float32."""
    given = plan.statistics["fisher"]
    return torch.stack([given[expert.name][key] for expert in plan.experts])


def _norms(plan: Plan) -> ProgressGen[Tensor]:
    """(n_experts,): the norm of each expert's Fisher over all tensors, float32, as the method takes it."""
    squares = Squares(len(plan.experts))
    for number, key in enumerate(plan.keys, 1):
        squares.add(_information(plan, key))
        yield Progress("Reading Fisher norms", number, len(plan.keys), key)
    return squares.norms().float()


class _Spread:
    """Sums over tensors of what does not depend on the other experts."""

    def __init__(self, count: int) -> None:
        self.entries = 0
        self.bins = numpy.zeros((count, (HIGHEST - LOWEST) * PER_DECADE))
        self.zero, self.below = numpy.zeros(count), numpy.zeros(count)
        self.mass, self.largest = numpy.zeros(count), numpy.zeros(count)
        self.products = numpy.zeros((count, count))

    def add(self, information: Tensor, floor: float) -> None:
        """One tensor's, (n_experts, *shape)."""
        rows = information.flatten(1).double()
        self.entries += rows.shape[1]
        self.bins += numpy.stack([_counts(row, self.bins.shape[1]) for row in rows])
        self.zero += (rows == 0).sum(1).numpy()
        self.below += (rows < floor).sum(1).numpy()
        self.mass += rows.sum(1).numpy()
        self.largest = numpy.maximum(self.largest, rows.amax(1).numpy() if rows.shape[1] else 0)
        self.products += pair_products(rows).numpy()

    def list_in(self, order: NDArray[numpy.int64]) -> None:
        """Put the experts in another order: `order` has the present place of each."""
        for name in ("bins", "zero", "below", "mass", "largest"):
            setattr(self, name, getattr(self, name)[order])
        self.products = self.products[numpy.ix_(order, order)]

    def lit(self) -> tuple[int, int]:
        """The bins from the first to the last that hold 1 in 10,000 entries."""
        found = numpy.flatnonzero(self.bins.max(0) > 1e-4 * max(self.entries, 1))
        return (int(found.min()), int(found.max()) + 1) if len(found) else (0, 1)

    def cosines(self) -> NDArray[numpy.float64]:
        """Of every two experts."""
        norms = numpy.sqrt(numpy.diagonal(self.products))
        outer = numpy.outer(norms, norms)
        return self.products / numpy.where(outer == 0, numpy.nan, outer)

    def table(self, names: Sequence[str], tops: Sequence[float]) -> pandas.DataFrame:
        """A row for each expert."""
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
    """How many of `values` fall into each bin; zeros into none."""
    places = ((values[values > 0].log10() - LOWEST) * PER_DECADE).floor().clamp(0, bins - 1)
    found: NDArray[numpy.float64] = torch.bincount(places.long(), minlength=bins).double().numpy()
    return found


def _top_share(plan: Plan, name: str) -> float:
    """The share of an expert's sum that its largest entries hold, exact; NaN where it has none."""
    given = plan.statistics["fisher"][name]
    flat = torch.cat([given[key].flatten() for key in plan.keys])
    count, total = max(1, round(TOP_SHARE * len(flat))), float(flat.double().sum())
    return float(flat.topk(min(count, len(flat))).values.double().sum()) / total if total else float("nan")


def _wins(strength: Tensor) -> Tensor:
    """(n_experts,): entries where each is the largest, equal ones sharing it."""
    rows = strength.flatten(1)
    largest = rows == rows.amax(0)
    return (largest.double() / largest.sum(0)).sum(1)


def _weights(strength: Tensor) -> Tensor:
    """(n_experts,): the sum over entries of each one's share; equal shares where all are 0, as the method has it."""
    rows = strength.flatten(1).double()
    total = rows.sum(0)
    return torch.where(total == 0, 1 / len(rows), rows / total).sum(1)


def _cell_table(cells: Sequence[tuple[str, Tensor, Tensor]], names: Sequence[str]) -> pandas.DataFrame:
    """Shares of the entries of each layer and module."""
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
    """A recipe's mapping with the method fisher: as it stands, or its models alone under fisher's defaults."""
    method = given.get("method")
    name = method.get("name") if isinstance(method, Mapping) else method
    if name == "fisher":
        return dict(given)
    models = [
        {"model": each, "weight": 1.0} if isinstance(each, str) else {"model": each["model"], "weight": 1.0}
        for each in given["models"]
    ]
    return {"base": given.get("base"), "models": models, "method": "fisher"}
