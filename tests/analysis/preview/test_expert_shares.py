"""How much each expert decides: of a sum or a mean of changes, and of a mean whose weights are the experts' evidence."""

from __future__ import annotations

from typing import Any

import pandas
import pytest
import torch
from tiny_states import State, plan_for

from mergelab.analysis.preview import exact_preview, preview
from mergelab.analysis.sketch import build_sketch
from mergelab.engine import prepare, with_statistics
from mergelab.runtime.progress import finish

KEYS = ("encoder.layer.0.output.dense.weight", "encoder.layer.1.output.dense.weight")
BASE = {key: torch.zeros(2) for key in KEYS}
MODELS: dict[str, State] = {
    "a": dict(zip(KEYS, (torch.tensor([1.0, -2.0]), torch.tensor([0.0, 0.0])), strict=True)),
    "b": dict(zip(KEYS, (torch.tensor([1.0, 0.0]), torch.tensor([3.0, 1.0])), strict=True)),
}
FISHER = {
    "a": dict(zip(KEYS, (torch.tensor([3.0, 1.0]), torch.tensor([0.0, 2.0])), strict=True)),
    "b": dict(zip(KEYS, (torch.tensor([1.0, 1.0]), torch.tensor([0.0, 6.0])), strict=True)),
}


def tables(recipe: dict[str, Any]) -> list[pandas.DataFrame | None]:
    """The shares by the sketch and by the merge."""
    planned = with_statistics(plan_for(recipe, MODELS, BASE), {"fisher": FISHER})
    sketch = finish(build_sketch(planned))
    shown = preview(sketch, planned.recipe), finish(exact_preview(finish(prepare(planned)), sketch))
    return [each.shares for each in shown]


def of_layers(found: pandas.DataFrame | None, expert: str) -> list[float]:
    """The expert's share in layers 0 and 1."""
    assert found is not None
    return list(found[found["expert"] == expert].set_index("layer")["share"][["0", "1"]])


@pytest.mark.parametrize("method", ["average", "task_arithmetic", "weighted_sum"])
def test_a_share_of_the_change_is_weight_times_size(method: str) -> None:
    models = [{"model": "a", "weight": 0.25}, {"model": "b", "weight": 0.75}]
    for found in tables({"models": models, "method": method}):
        assert of_layers(found, "a") == pytest.approx([0.75 / (0.75 + 0.75), 0.0])
        assert of_layers(found, "b") == pytest.approx([0.5, 1.0])


def test_a_negative_weight_counts_by_its_size() -> None:
    models = [{"model": "a", "weight": -1.0}, {"model": "b", "weight": 1.0}]
    for found in tables({"models": models, "method": "task_arithmetic"}):
        assert of_layers(found, "a") == pytest.approx([0.75, 0.0])


def test_weights_that_an_override_changes_are_known_to_the_merge_alone() -> None:
    override = {"match": "layer.0", "model": "a", "weight": 0.0}
    sketched, counted = tables({"method": "average", "overrides": [override]})
    assert sketched is None
    assert of_layers(counted, "a") == [0.0, 0.0]


def test_the_share_of_evidence_is_the_mean_share_of_the_averaging_weights() -> None:
    sketched, counted = tables({"method": {"name": "fisher", "normalize": "none", "floor": 0.0}})
    assert sketched is None, "the statistics come with the merge"
    assert of_layers(counted, "a") == pytest.approx([(3 / 4 + 1 / 2) / 2, (1 / 2 + 1 / 4) / 2])
    assert of_layers(counted, "b") == pytest.approx([(1 / 4 + 1 / 2) / 2, (1 / 2 + 3 / 4) / 2])


@pytest.mark.parametrize("method", ["ties", "tsv_m", "median"])
def test_in_other_methods_nobody_has_a_share(method: str) -> None:
    assert tables({"method": method}) == [None, None]
