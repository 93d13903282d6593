"""Whether a device's kernels draw the sketches that the reference functions draw on the CPU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy
import synthetic
from agreement import through_kernels

from mergelab.analysis.sketch import Sketch, build_sketch
from mergelab.analysis.sketch.curves import COUNTS
from mergelab.checkpoints import in_memory
from mergelab.engine import plan
from mergelab.recipe import Recipe
from mergelab.runtime.progress import finish

RECIPES: dict[str, dict[str, Any]] = {
    "ranks of magnitudes (TIES, trim)": {"method": "ties"},
    "draws (DARE)": {"method": "average", "sparsify": "dare"},
    "ranks of what DARE leaves": {"method": "ties", "sparsify": "dare"},
}
NEAR = 1e-6
"""How far a sum may be off, as a share of its curve's largest value; curves are kept in float32."""


@dataclass(frozen=True)
class Agreement:
    """Whether all counts are equal, whether a second run gave the same bits, and the largest difference of a sum, as a share
    of its curve's largest value."""

    counts: bool
    repeats: bool
    worst: float

    @property
    def holds(self) -> bool:
        """Whether the device may be trusted."""
        return self.counts and self.repeats and self.worst <= NEAR


def on_sketches(device: str) -> dict[str, Agreement]:
    """By what the sketch is of; three experts of a model with tensors of several shapes."""
    states = synthetic.states(synthetic.llama(32, 1, 64, 96)[0], experts=3)
    return {title: _agreement(recipe, states, device) for title, recipe in RECIPES.items()}


def _agreement(recipe: Mapping[str, Any], states: Mapping[str, synthetic.State], device: str) -> Agreement:
    expected = _drawn(recipe, states, "cpu")
    with through_kernels():
        found, again = (_drawn(recipe, states, device) for _ in range(2))
    apart = _differences(found, expected)
    counted = (found.magnitudes == expected.magnitudes).all() and numpy.array_equal(found.sizes, expected.sizes)
    return Agreement(
        bool(counted) and all(difference == 0 for name, difference in apart if name in COUNTS),
        all(difference == 0 for _, difference in _differences(found, again)),
        max(difference for _, difference in apart),
    )


def _differences(found: Sketch, expected: Sketch) -> list[tuple[str, float]]:
    pairs = [(found.curves[cut].present, curves.present) for cut, curves in expected.curves.items()]
    return [
        (name, float(numpy.abs(own[name] - wanted).max() / max(numpy.abs(wanted).max(), 1e-30)))
        for own, theirs in pairs
        for name, wanted in theirs.items()
    ]


def _drawn(recipe: Mapping[str, Any], states: Mapping[str, synthetic.State], device: str) -> Sketch:
    names = synthetic.NAMES[:3]
    checked = Recipe.from_mapping({"base": "base", "models": list(names), **recipe})
    planned = plan(checked, in_memory("base", states["base"]), [in_memory(name, states[name]) for name in names])
    return finish(build_sketch(planned, device))
