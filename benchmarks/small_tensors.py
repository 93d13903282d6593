"""What the biases and norms of a BERT add to its merge, taken by the kernels as one and one by one.

    python benchmarks/small_tensors.py [--quick] [--threads 2]

The same model is merged three times in turn: small tensors together, small tensors one by one, and without them. Both
ways of merging them are compared bit for bit before anything is timed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import report
import synthetic
import timing
import torch

from mergelab import merge_state_dicts
from mergelab.engine.planning import key_groups

METHODS: Mapping[str, Mapping[str, Any]] = {
    "task arithmetic": {"name": "task_arithmetic"},
    "TIES, ranked over the model": {"name": "ties", "density": 0.3},
}


def main() -> None:
    options = _options()
    threads = timing.pin(options.threads)
    torch.set_num_threads(threads)
    shapes = synthetic.bert(512, 8, 2048, 8000) if options.quick else synthetic.bert(1024, 24, 4096, 30522)
    small = {name for name, shape in shapes.items() if torch.Size(shape).numel() <= key_groups.SMALL}
    states = synthetic.states(shapes, experts=2)
    large = {name: {key: value for key, value in state.items() if key not in small} for name, state in states.items()}
    found = {title: _compared(method, states, large, options.repeats) for title, method in METHODS.items()}
    report.publish(_record(found, len(small), shapes, threads), options)


def _compared(
    method: Mapping[str, Any], states: Mapping[str, synthetic.State], large: Mapping[str, synthetic.State], repeats: int
) -> dict[str, timing.Cost]:
    together, alone = _merge(method, states), _one_by_one(_merge(method, states))
    apart = alone()
    if any(not torch.equal(_bits(apart[key]), _bits(value)) for key, value in together().items()):
        sys.exit(f"{method['name']} gives other bits where small tensors are merged one by one")
    return timing.in_turn({"together": together, "apart": alone, "without": _merge(method, large)}, repeats)


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    """Patterns, because zeros of either sign are equal as numbers."""
    return tensor.view(torch.int16)


def _merge(method: Mapping[str, Any], states: Mapping[str, synthetic.State]) -> Callable[[], dict[str, torch.Tensor]]:
    return lambda: merge_state_dicts({"method": method}, {name: states[name] for name in "ab"}, states["base"])


def _one_by_one(merge: Callable[[], dict[str, torch.Tensor]]) -> Callable[[], dict[str, torch.Tensor]]:
    def apart() -> dict[str, torch.Tensor]:
        with _nothing_small():
            return merge()

    return apart


@contextmanager
def _nothing_small() -> Iterator[None]:
    before, key_groups.SMALL = key_groups.SMALL, -1
    try:
        yield
    finally:
        key_groups.SMALL = before


def _record(
    found: Mapping[str, Mapping[str, timing.Cost]], small: int, shapes: synthetic.Shapes, threads: int
) -> report.Record:
    rows = [[title, *_cells(each)] for title, each in found.items()]
    columns = ["merge", "together, ms", "one by one", "without them", "together, CPU ms", "one by one", "without them"]
    caption = f"{synthetic.parameters(shapes) / 1e6:.0f} M parameters in bfloat16, {small} of {len(shapes)} tensors small, base + 2 experts in memory, {threads} threads."
    values = {title: {name: vars(cost) for name, cost in each.items()} for title, each in found.items()}
    table = report.Table(caption, columns, rows)
    return report.Record("small_tensors", "python benchmarks/small_tensors.py", [table], values=values)


def _cells(found: Mapping[str, timing.Cost]) -> list[str]:
    costs = [found[name] for name in ("together", "apart", "without")]
    return [f"{1e3 * cost.wall:.0f}" for cost in costs] + [f"{1e3 * cost.cpu:.0f}" for cost in costs]


def _options() -> argparse.Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    options.repeats = 2 if options.quick else 9
    return options


if __name__ == "__main__":
    main()
