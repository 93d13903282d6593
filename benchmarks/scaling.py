"""Time and memory of merges against the number of parameters, of experts and of threads.

    python benchmarks/scaling.py [--quick] [--full]

Every point is a process of its own that reads model folders from the page cache, merges tensor by tensor and drops the
results: what is measured is surveying, reading and merging, not the disk. Memory is the anonymous memory beyond what the
process held before. `--full` goes on to 1 B parameters (6 GB of files). Needs Linux.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import chart
import footprint
import report
import synthetic
import timing
import torch

RECIPES: dict[str, dict[str, Any]] = {
    "task arithmetic": {"method": {"name": "task_arithmetic", "scale": 0.5}},
    "TIES": {"method": {"name": "ties", "density": 0.3}},
    "DARE + TIES": {
        "sparsify": {"name": "dare", "density": 0.3},
        "method": {"name": "ties", "density": 1.0, "combine": "sum"},
    },
    "median (no kernel)": {"method": "median"},
}
LLAMAS = {
    "1 M": (128, 4, 344, 1000),
    "4 M": (256, 4, 688, 1900),
    "16 M": (512, 4, 1376, 3600),
    "64 M": (1024, 4, 2752, 6400),
    "256 M": (2048, 4, 5504, 13300),
}
LARGEST = {"1 B": (2048, 19, 5504, 10000)}
ALONE = "256 M"
"""The size at which experts and threads are counted."""
EXPERTS = (2, 4, 8)
IMAGES = report.ROOT / "docs" / "images"

Point = dict[str, Any]


def main() -> None:
    options = _options()
    if options.child:
        _child(json.loads(options.child))
        return
    sizes = {**LLAMAS, **(LARGEST if options.full else {})}
    alone = ALONE
    if options.quick:
        sizes, alone = {name: LLAMAS[name] for name in ("1 M", "4 M")}, "4 M"
    threads = timing.pin(options.threads)
    points = [point for name, size in sizes.items() for point in _points(name, size, [2], [threads], options)]
    points += _points(alone, LLAMAS[alone], [count for count in EXPERTS if count > 2], [threads], options)
    points += _points(alone, LLAMAS[alone], [2], list(range(1, threads)), options)
    record = _record(points, alone, threads)
    if not options.quick:
        _draw(points, threads)
    report.publish(record, options)


def _points(
    name: str, size: tuple[int, ...], experts: Sequence[int], threads: Sequence[int], options: argparse.Namespace
) -> list[Point]:
    """Every recipe for every number of experts and threads, all on the same files."""
    shapes, config = synthetic.llama(*size)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        synthetic.write_folders(Path(folder), shapes, config, max(experts, default=0))
        for count in experts:
            for cores in threads:
                for title, recipe in list(RECIPES.items())[: 1 if options.quick else None]:
                    task = {
                        "root": folder,
                        "recipe": recipe,
                        "experts": count,
                        "threads": cores,
                        "repeats": options.repeats,
                    }
                    what = {
                        "recipe": title,
                        "size": name,
                        "parameters": synthetic.parameters(shapes),
                        "experts": count,
                        "threads": cores,
                    }
                    found.append({**what, **_measured(task)})
                    print(found[-1], file=sys.stderr, flush=True)
    return found


def _measured(task: Mapping[str, Any]) -> dict[str, float]:
    environment = {**os.environ, "MERGELAB_CACHE": f"{task['root']}/cache", "OMP_NUM_THREADS": str(task["threads"])}
    command = [sys.executable, __file__, "--child", json.dumps(task)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _child(task: Mapping[str, Any]) -> None:
    timing.pin(task["threads"])
    torch.set_num_threads(task["threads"])
    _merge(task)  # compiles or loads the kernels, fills the page cache, hashes what must be hashed
    footprint.settle_down()
    before = footprint.now()
    taken = []
    with footprint.Peak() as peak:
        for _ in range(task["repeats"]):
            started = time.perf_counter()
            _merge(task)
            taken.append(time.perf_counter() - started)
    print(json.dumps({"seconds": statistics.median(taken), "memory": peak.top.resident - before.resident}))


def _merge(task: Mapping[str, Any]) -> None:
    from mergelab.checkpoints import open_folder
    from mergelab.engine import plan, prepare, run
    from mergelab.recipe import Recipe
    from mergelab.runtime.progress import finish

    folders = [Path(task["root"]) / name for name in ("base", *synthetic.NAMES[: task["experts"]])]
    base, *experts = [open_folder(folder, folder.name) for folder in folders]
    recipe = Recipe.from_mapping(task["recipe"], models=[expert.name for expert in experts])
    for _ in run(finish(prepare(plan(recipe, base, experts)))):
        pass


def _record(points: Sequence[Point], alone: str, threads: int) -> report.Record:
    sizes = _only(points, experts=2, threads=threads)
    experts = _only(points, size=alone, threads=threads)
    cores = _only(points, size=alone, experts=2)
    tables = [
        _table(f"Against parameters: base + 2 experts in bfloat16, {threads} threads.", sizes, "size"),
        _table(f"Against experts: {alone} parameters, {threads} threads.", experts, "experts"),
        _table(f"Against threads: {alone} parameters, base + 2 experts.", cores, "threads"),
    ]
    return report.Record("scaling", "python benchmarks/scaling.py --full", tables, values={"points": list(points)})


def _table(caption: str, points: Sequence[Point], by: str) -> report.Table:
    columns = list(dict.fromkeys(point[by] for point in points))
    columns.sort(key=lambda column: next(p["parameters"] if by == "size" else p[by] for p in points if p[by] == column))
    rows = []
    for title in dict.fromkeys(point["recipe"] for point in points):
        cells = [next(p for p in points if p["recipe"] == title and p[by] == column) for column in columns]
        rows.append([title, "seconds", *(f"{p['seconds']:.3g}" for p in cells)])
        rows.append(["", "ns a parameter", *(_in_two_digits(p["seconds"] / p["parameters"] * 1e9) for p in cells)])
        rows.append(["", "memory, MiB", *(f"{p['memory'] / 2**20:.0f}" for p in cells)])
    return report.Table(caption, ["merge", "", *map(str, columns)], rows)


def _in_two_digits(value: float) -> str:
    return f"{float(f'{value:.2g}'):g}"


def _draw(points: Sequence[Point], threads: int) -> None:
    sizes = _only(points, experts=2, threads=threads)
    for name, title, y, of in (
        ("time", "Time of a merge, base + 2 experts", "seconds", lambda p: p["seconds"]),
        ("memory", "Anonymous memory of a merge, base + 2 experts", "MiB", lambda p: max(p["memory"], 2**20) / 2**20),
    ):
        lines = {recipe: [(p["parameters"], of(p)) for p in sizes if p["recipe"] == recipe] for recipe in RECIPES}
        (IMAGES / f"bench-{name}.svg").write_text(chart.line_chart(title, "parameters", y, lines), encoding="utf-8")


def _only(points: Sequence[Point], **wanted: Any) -> list[Point]:
    return [point for point in points if all(point[name] == value for name, value in wanted.items())]


def _options() -> argparse.Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--full", action="store_true", help="up to 1 B parameters: 8 GB of disk")
    parser.add_argument("--threads", type=int, default=2, help="the most threads")
    parser.add_argument(
        "--repeats", type=int, default=5, help="runs that the medians are of, after one that does not count"
    )
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
