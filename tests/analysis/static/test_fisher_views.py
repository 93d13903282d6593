"""Views of Fisher information, against counts by hand."""

from __future__ import annotations

import math

import numpy
import pytest
import torch
from tiny_states import State, plan_for

from mergelab import merge_state_dicts
from mergelab.analysis.static import FisherViews, as_fisher, fisher_views
from mergelab.checkpoints import list_suites
from mergelab.engine import with_statistics
from mergelab.jobs import recipe_plans, workbench
from mergelab.runtime.progress import finish

PIXELS = pytest.mark.skipif("pixels" not in list_suites(), reason="the pixels suite is not built here")
BASE: State = {"layer.0.mlp.up_proj.weight": torch.zeros(2, 2), "layer.1.mlp.up_proj.weight": torch.zeros(2)}
MODELS = {
    "b": {"layer.0.mlp.up_proj.weight": torch.ones(2, 2), "layer.1.mlp.up_proj.weight": torch.ones(2)},
    "a": {"layer.0.mlp.up_proj.weight": -torch.ones(2, 2), "layer.1.mlp.up_proj.weight": -torch.ones(2)},
}
FISHERS = {
    "b": {
        "layer.0.mlp.up_proj.weight": torch.tensor([[4.0, 0], [1, 0]]),
        "layer.1.mlp.up_proj.weight": torch.tensor([0.0, 3]),
    },
    "a": {
        "layer.0.mlp.up_proj.weight": torch.tensor([[1.0, 2], [1, 0]]),
        "layer.1.mlp.up_proj.weight": torch.tensor([0.0, 0]),
    },
}
KNOBS = {"name": "fisher", "normalize": "none", "floor": 1e-6}


def views(method: object = KNOBS) -> FisherViews:
    planned = plan_for({"method": method}, MODELS, BASE)
    return finish(fisher_views(with_statistics(planned, {"fisher": FISHERS})))


def cell(found: FisherViews, layer: str, expert: str) -> tuple[float, float]:
    row = found.cells[(found.cells["layer"] == layer) & (found.cells["expert"] == expert)].iloc[0]
    return float(row["wins"]), float(row["weight"])


def test_who_has_the_larger_weight_wins_and_equal_ones_share() -> None:
    found = views()
    assert found.names == ("b", "a")
    # layer 0: b wins 4 > 1, a wins 2 > floor, two entries are equal
    assert cell(found, "0", "b") == pytest.approx((0.5, (4 / 5 + 0 + 1 / 2 + 1 / 2) / 4), rel=1e-5)
    assert cell(found, "0", "a") == pytest.approx((0.5, (1 / 5 + 1 + 1 / 2 + 1 / 2) / 4), rel=1e-5)
    assert cell(found, "1", "b") == pytest.approx(((0.5 + 1) / 2, (1 / 2 + 1) / 2), rel=1e-5)


def test_weights_are_those_of_the_merge() -> None:
    recipe = {"method": {"name": "fisher"}, "models": ["b", "a"]}
    merged = merge_state_dicts(recipe, MODELS, BASE, {"fisher": FISHERS})
    found = views({"name": "fisher"})
    # b is 1 and a −1 everywhere, so that a merged entry is b's weight less a's
    for layer, key in (("0", "layer.0.mlp.up_proj.weight"), ("1", "layer.1.mlp.up_proj.weight")):
        expected = float(merged[key].mean())
        assert cell(found, layer, "b")[1] - cell(found, layer, "a")[1] == pytest.approx(expected, abs=1e-6)


def test_the_spread_counts_every_entry_once() -> None:
    found = views()
    b, a = found.experts.to_dict("records")
    assert (b["mass"], b["largest"], b["zero"], b["below_floor"]) == (8, 4, 3 / 6, 3 / 6)
    assert (a["mass"], a["largest"], a["zero"]) == (4, 2, 3 / 6)
    assert b["top"] == 4 / 8, "1 % of six entries is one entry"
    assert found.cosines[0, 1] == pytest.approx((4 + 1) / (math.sqrt(26) * math.sqrt(6)))
    assert (found.shares.sum(1) / 4).tolist() == pytest.approx([3 / 6, 3 / 6])
    assert found.edges[0] <= 0 < math.log10(4) < found.edges[-1]


def test_an_expert_without_information_has_no_cosine() -> None:
    empty = {**FISHERS, "a": {key: torch.zeros_like(value) for key, value in FISHERS["a"].items()}}
    planned = plan_for({"method": KNOBS}, MODELS, BASE)
    found = finish(fisher_views(with_statistics(planned, {"fisher": empty})))
    assert numpy.isnan(found.cosines[0, 1]) and numpy.isnan(found.experts["top"][1])


def test_a_recipe_of_another_method_lends_its_models_alone() -> None:
    given = {
        "base": "b",
        "models": ["x", {"model": "y", "weight": 0.5, "density": 0.3}],
        "method": "ties",
        "sparsify": "dare",
    }
    expected = [{"model": "x", "weight": 1.0}, {"model": "y", "weight": 1.0}]
    assert as_fisher(given) == {"base": "b", "models": expected, "method": "fisher"}
    fisher = {"base": "b", "models": ["x"], "method": {"name": "fisher", "floor": 0.0}, "seed": 3}
    assert as_fisher(fisher) == fisher


@PIXELS
def test_a_suites_experts_have_views(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe_plans, "CALIBRATION_ROWS", 16)
    found = finish(
        workbench.fisher({"base": "pixels", "models": ["pixels/mnist", "pixels/upper"], "method": "ties"}, device="cpu")
    )
    assert found.names == ("pixels/mnist", "pixels/upper") and (found.experts["top"] > 0.05).all()
    totals = found.cells.groupby(["layer", "module"])[["wins", "weight"]].sum()
    assert totals.to_numpy() == pytest.approx(1)
