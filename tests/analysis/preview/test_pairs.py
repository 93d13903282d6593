"""Where two experts conflict."""

from __future__ import annotations

import torch
from tiny_states import plan_for

from mergelab.analysis.preview import clashing_cells, preview
from mergelab.analysis.sketch import build_sketch
from mergelab.runtime.progress import finish


def test_a_pair_conflicts_most_in_the_cell_with_most_weights_of_opposite_signs() -> None:
    """One conflict of a and b in layer 0, three in layer 1 with two tensors; c never pulls against the others."""
    up, down, query = (f"encoder.layer.{name}.weight" for name in ("0.output.dense", "1.output.dense", "1.query"))
    base = {name: torch.zeros(4) for name in (up, down, query)}
    ones = {name: torch.ones(4) for name in base}
    b = {up: torch.tensor([-1.0, 1, 1, 1]), down: torch.tensor([-1.0, -1, -1, 1]), query: torch.ones(4)}
    plan = plan_for({"method": "average"}, {"a": ones, "b": b, "c": {**base, query: torch.ones(4)}}, base)
    sketch = finish(build_sketch(plan))
    found = clashing_cells(preview(sketch, plan.recipe).figures, sketch)
    layer_1 = (sketch.layers[1], sketch.modules[1])
    assert sketch.keys[1] == down and layer_1[0] == "1"
    assert found == [[None, layer_1, None], [layer_1, None, None], [None, None, None]]
