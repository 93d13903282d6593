"""TensorView into one large tensor: building its map, opening it again, zooming, and reading coordinates.

    python benchmarks/tensor_map.py [--quick] [--threads 1]

The tensor is a 4,096 x 11,008 matrix of a base and three experts in bfloat16, merged by TIES; models are in memory. The
page's reader has one thread. What a page adds to a step (its request, and painting) is not in these times.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import report
import synthetic
import timing
import torch

from mergelab.analysis.tensor_map import TensorMap, TensorSession, Window, build_map, read_coordinates
from mergelab.checkpoints import in_memory
from mergelab.engine import plan, prepare
from mergelab.recipe import Recipe
from mergelab.runtime.cache import TENSOR_MAPS, Store
from mergelab.runtime.progress import finish

KEY = "model.layers.0.mlp.down_proj.weight"
NAMES = ("a", "b", "c")
CELLS = (64, 96)
"""Rows and columns of cells that the page asks for."""
ASKED = {"open a built map": 1000, "one step of zoom": 150, "64 x 64 coordinates": 150}
"""Milliseconds."""


def main() -> None:
    options = _options()
    torch.set_num_threads(timing.pin(options.threads))
    shape = (512, 1376) if options.quick else (4096, 11008)
    session = _session(shape)
    built = finish(build_map(session, KEY))
    with tempfile.TemporaryDirectory() as folder:
        cache = Store(Path(folder), limit=10**9)
        cache.put(TENSOR_MAPS, "map", built.encode())

        def opened() -> TensorMap:
            found = cache.recall(TENSOR_MAPS, "map", TensorMap.decode)
            assert found
            return found

        works: dict[str, Callable[[], object]] = {
            "build": lambda: finish(build_map(session, KEY)),
            "open a built map": lambda: opened().pyramid.cells(built.grid.whole, *CELLS),
            "one step of zoom": lambda: [built.pyramid.cells(window, *CELLS) for window in windows],
            "64 x 64 coordinates": lambda: read_coordinates(session, KEY, Window(shape[0] // 2, shape[1] // 2, 64, 64)),
        }
        windows = _windows(built)
        found = {name: timing.costs(work, options.repeats) for name, work in works.items()}
    report.publish(_record(found, len(windows), built, options.threads), options)


def _session(shape: tuple[int, int]) -> TensorSession:
    states = synthetic.states({KEY: shape}, experts=len(NAMES))
    recipe = Recipe.from_mapping({"base": "base", "models": list(NAMES), "method": {"name": "ties", "density": 0.2}})
    planned = plan(recipe, in_memory("base", states["base"]), [in_memory(name, states[name]) for name in NAMES])
    return TensorSession(finish(prepare(planned)))


def _windows(built: TensorMap) -> list[Window]:
    """From the whole tensor to the last window before single coordinates, each half as long as the one before."""
    window, windows = built.grid.whole, []
    while not window.single:
        windows.append(window)
        rows, columns = max(64, window.rows // 2), max(64, window.columns // 2)
        window = Window(window.top + window.rows // 3, window.left + window.columns // 3, rows, columns)
        window = built.grid.clamp(window)
    return windows


def _record(found: dict[str, timing.Cost], steps: int, built: TensorMap, threads: int) -> report.Record:
    each = {name: 1000 * cost.wall / (steps if name == "one step of zoom" else 1) for name, cost in found.items()}
    rows = [
        [
            name,
            f"{time:,.1f}",
            f"≤ {ASKED[name]:,}" if name in ASKED else "",
            ("yes" if time <= ASKED[name] else "**no**") if name in ASKED else "",
        ]
        for name, time in each.items()
    ]
    size = " × ".join(f"{length:,}" for length in built.shape)
    caption = f"A matrix of {size}, {len(NAMES)} experts, blocks of {built.pyramid.side} × {built.pyramid.side}, {threads} thread, {steps} steps from the whole to single coordinates."
    return report.Record(
        "tensor_map",
        "python benchmarks/tensor_map.py",
        [report.Table(caption, ["what", "ms", "asked", "met"], rows)],
        values=each,
    )


def _options() -> argparse.Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    options.repeats = 1 if options.quick else 5
    return options


if __name__ == "__main__":
    main()
