"""A sweep of merged tensors over 20 densities, with passes shared between the points, against 20 separate merges.

    python benchmarks/sweep.py [--quick] [--threads 2]

TIES, magnitudes ranked over the model or by tensor: all densities share the passes that count magnitudes, elect signs and
merge. Every point is compared bit for bit with its separate merge before anything is timed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any

import report
import synthetic
import timing
import torch

from mergelab import merge_state_dicts
from mergelab.engine import sweep_bodies

POINTS = 20
ASKED = 2
"""How many times cheaper the sweep is to be."""
RECIPES: dict[str, dict[str, Any]] = {
    "TIES, ranked over the model": {"method": {"name": "ties"}},
    "TIES, ranked by tensor": {"method": {"name": "ties", "scope": "tensor", "zero_sign": "positive"}},
}


def main() -> None:
    options = _options()
    threads = timing.pin(options.threads)
    torch.set_num_threads(threads)
    shapes, _ = synthetic.llama(512, 8, 1376, 8000) if options.quick else synthetic.llama(1024, 8, 2752, 8000)
    states = synthetic.states(shapes, experts=2)
    found = {title: _compared(recipe, states, options) for title, recipe in RECIPES.items()}
    report.publish(_record(found, options.points, synthetic.parameters(shapes), threads), options)


def _compared(
    recipe: Mapping[str, Any], states: Mapping[str, synthetic.State], options: argparse.Namespace
) -> dict[str, timing.Cost]:
    base, experts = states["base"], {name: states[name] for name in "ab"}
    densities = [(number + 1) / options.points for number in range(options.points)]

    def separate(density: float) -> synthetic.State:
        return merge_state_dicts({"method": {**recipe["method"], "density": density}}, experts, base)

    def apart() -> None:
        for density in densities:
            separate(density)

    def together() -> None:
        for _ in sweep_bodies(recipe, experts, base, knob="density", values=densities):
            pass

    for density, body in sweep_bodies(recipe, experts, base, knob="density", values=densities):
        if any(not torch.equal(body[key], value) for key, value in separate(density).items()):
            sys.exit(f"the sweep's point at density {density:g} is not what a merge at that density gives")
    return timing.in_turn({"apart": apart, "together": together}, options.repeats)


def _record(found: Mapping[str, Mapping[str, timing.Cost]], points: int, count: int, threads: int) -> report.Record:
    rows = [
        [
            title,
            f"{each['apart'].cpu:.2f}",
            f"{each['together'].cpu:.2f}",
            *report.ratio(each["apart"].cpu / each["together"].cpu, ASKED),
            f"{each['apart'].wall:.2f}",
            f"{each['together'].wall:.2f}",
            f"{each['apart'].wall / each['together'].wall:.1f}×",
        ]
        for title, each in found.items()
    ]
    columns = [
        "sweep",
        "apart, CPU s",
        "shared, CPU s",
        "less CPU",
        "asked",
        "met",
        "apart, wall s",
        "shared, wall s",
        "less wall",
    ]
    caption = f"{points} densities, {count / 1e6:.0f} M parameters in bfloat16, base + 2 experts in memory, {threads} threads; every point has the bits of its separate merge."
    values = {title: {name: vars(cost) for name, cost in each.items()} for title, each in found.items()}
    return report.Record("sweep", "python benchmarks/sweep.py", [report.Table(caption, columns, rows)], values=values)


def _options() -> argparse.Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    options.points, options.repeats = (4, 1) if options.quick else (POINTS, 5)
    return options


if __name__ == "__main__":
    main()
