"""Drawing a sketch, which answers for every density at once, against one TIES merge of the same models.

    python benchmarks/sketch.py [--quick] [--threads 2]

Sketches of ranks hold two sets of curves, for magnitudes ranked over the model and by tensor. Models are in memory; DARE's
draws depend on the experts' contents, which are hashed before anything is timed. A later start finds the sketch of models
in files in the cache: that is timed in new processes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import report
import synthetic
import timing
import torch

from mergelab.analysis.sketch import build_sketch, operating_point
from mergelab.checkpoints import in_memory
from mergelab.engine import Plan, merged_body, plan, prepare
from mergelab.jobs.workbench import sketch
from mergelab.recipe import Recipe
from mergelab.runtime.progress import finish

ASKED = 3
"""How many merges by TIES the curves of one cut may cost."""
TIES: dict[str, Any] = {"method": {"name": "ties", "density": 0.3}}
RECIPES: dict[str, dict[str, Any]] = {
    "ranks of magnitudes (TIES, trim)": TIES,
    "draws (DARE)": {"method": "average", "sparsify": {"name": "dare", "density": 0.3}},
    "ranks of what DARE leaves": {**TIES, "sparsify": {"name": "dare", "density": 0.3}},
}
READ_BACK = 0.5
"""Seconds that a later start may take for a sketch that is kept."""
Costs = Mapping[str, timing.Cost]


def main() -> None:
    options = _options()
    threads = timing.pin(options.threads)
    torch.set_num_threads(threads)
    shapes, config = synthetic.llama(512, 8, 1376, 8000) if options.quick else synthetic.llama(1024, 8, 2752, 8000)
    states = synthetic.states(shapes, experts=max(options.experts))
    found = {count: _timed(states, count, options.repeats) for count in options.experts}
    again = {count: _read_back(shapes, config, count, options.repeats) for count in options.experts}
    report.publish(_record(found, again, synthetic.parameters(shapes), threads), options)


def _timed(states: Mapping[str, synthetic.State], count: int, repeats: int) -> Costs:
    """Medians of a merge by TIES and of each sketch, all taking turns."""
    plans = {title: _planned(recipe, states, count) for title, recipe in RECIPES.items()}
    works = {title: lambda each=each: finish(build_sketch(each)) for title, each in plans.items()}
    ties = _planned(TIES, states, count)
    works["TIES"] = lambda: finish(merged_body(finish(prepare(ties))))
    taken: dict[str, list[timing.Cost]] = {title: [] for title in works}
    for turn in range(repeats + 1):
        for title, work in works.items():
            spent = timing.cost(work)
            taken[title] += [spent] if turn else []
    return {title: timing.median(each) for title, each in taken.items()}


def _read_back(shapes: synthetic.Shapes, config: Mapping[str, Any], count: int, repeats: int) -> float:
    """Median seconds for a sketch that another process has kept; models as files, imports done."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        os.environ["MERGELAB_CACHE"] = str(root / "cache")
        synthetic.write_folders(root, shapes, config, experts=count)
        models = [str(root / name) for name in synthetic.NAMES[:count]]
        recipe = {"base": str(root / "base"), "models": models, **TIES}
        return statistics.median([_in_new_process(recipe) for _ in range(repeats + 1)][1:])


def _in_new_process(recipe: Mapping[str, Any]) -> float:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(_seconds, recipe).result()


def _seconds(recipe: Mapping[str, Any]) -> float:
    start = time.perf_counter()
    finish(sketch(recipe, "cpu"))
    return time.perf_counter() - start


def _planned(recipe: Mapping[str, Any], states: Mapping[str, synthetic.State], count: int) -> Plan:
    names = synthetic.NAMES[:count]
    checked = Recipe.from_mapping({"base": "base", "models": list(names), **recipe})
    planned = plan(checked, in_memory("base", states["base"]), [in_memory(name, states[name]) for name in names])
    assert planned.hashes
    return planned


def _record(found: Mapping[int, Costs], again: Mapping[int, float], count: int, threads: int) -> report.Record:
    rows = [_row(experts, title, costs, count) for experts, costs in found.items() for title in RECIPES]
    columns = [
        "experts",
        "sketch of",
        "cuts",
        "CPU s",
        "wall s",
        "TIES, CPU s",
        "merges by TIES a cut",
        "asked",
        "met",
        "ns an entry and cut",
    ]
    caption = f"{count / 1e6:.0f} M parameters in bfloat16, in memory, {threads} threads."
    values = {f"{experts} {title}": vars(cost) for experts, costs in found.items() for title, cost in costs.items()}
    kept = [
        [str(experts), f"{spent:.2f}", f"≤ {READ_BACK}", _met(spent <= READ_BACK)] for experts, spent in again.items()
    ]
    tables = [
        report.Table(caption, columns, rows),
        report.Table(
            "A kept sketch in a later start, of the same models in files.", ["experts", "seconds", "asked", "met"], kept
        ),
    ]
    return report.Record("sketch", "python benchmarks/sketch.py", tables, values={**values, "read back": dict(again)})


def _row(experts: int, title: str, costs: Costs, count: int) -> list[str]:
    cuts = len(operating_point(Recipe.from_mapping({"base": "base", "models": ["a"], **RECIPES[title]})).drawn)
    drawn, ties = costs[title], costs["TIES"]
    merges = drawn.cpu / ties.cpu / cuts
    return [
        str(experts),
        title,
        str(cuts),
        f"{drawn.cpu:.2f}",
        f"{drawn.wall:.2f}",
        f"{ties.cpu:.2f}",
        f"{merges:.1f}",
        f"≤ {ASKED}",
        _met(merges <= ASKED),
        f"{1e9 * drawn.cpu / count / cuts:.1f}",
    ]


def _met(reached: bool) -> str:
    return "yes" if reached else "**no**"


def _options() -> argparse.Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    options.experts, options.repeats = ((2,), 1) if options.quick else ((2, 3, 5, 8), 5)
    return options


if __name__ == "__main__":
    main()
