"""Where two experts conflict."""

from __future__ import annotations

import torch
from tiny_states import plan_for

from mergelab.analysis.preview import AMONG_SHARED, clashing_cells, pairs, preview
from mergelab.analysis.sketch import build_sketch
from mergelab.runtime.progress import finish


def test_a_pair_conflicts_most_in_the_cell_and_the_tensor_with_most_weights_of_opposite_signs() -> None:
    """One conflict of a and b in layer 0, three in layer 1 with two tensors; c never pulls against the others."""
    up, down, query = (f"encoder.layer.{name}.weight" for name in ("0.output.dense", "1.output.dense", "1.query"))
    base = {name: torch.zeros(4) for name in (up, down, query)}
    ones = {name: torch.ones(4) for name in base}
    b = {up: torch.tensor([-1.0, 1, 1, 1]), down: torch.tensor([-1.0, -1, -1, 1]), query: torch.ones(4)}
    plan = plan_for({"method": "average"}, {"a": ones, "b": b, "c": {**base, query: torch.ones(4)}}, base)
    sketch = finish(build_sketch(plan))
    found = clashing_cells(preview(sketch, plan.recipe).figures, sketch)
    layer_1 = (sketch.layers[1], sketch.modules[1], down)
    assert sketch.keys[1] == down and layer_1[0] == "1"
    assert found == [[None, layer_1, None], [layer_1, None, None], [None, None, None]]


def test_a_weight_that_any_two_experts_pull_apart_counts_for_the_model_but_only_for_the_pairs_that_do() -> None:
    """Four experts, each of the last three alone against the others at a weight of its own; all agree at the fourth."""
    experts = {
        name: {"w": torch.tensor(delta)}
        for name, delta in {
            "a": [1.0, 1, 1, 1],
            "b": [-1.0, 1, 1, 1],
            "c": [1.0, -1, 1, 1],
            "d": [1.0, 1, -1, 1],
        }.items()
    }
    plan = plan_for({"method": "average"}, experts, {"w": torch.zeros(4)})
    sketch = finish(build_sketch(plan))
    (among_shared,) = (each.value for each in preview(sketch, plan.recipe).numbers if each.name == AMONG_SHARED)
    assert among_shared == 0.75
    found = pairs(sketch, plan.recipe).conflict
    assert [found[0, 1], found[1, 2]] == [0.25, 0.5]
