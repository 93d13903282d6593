"""A sweep of 20 points on TinyLM beside the same points as mergekit-evolve tries them: mergekit 0.1.5 to a folder, then lm-evaluation-
harness 0.4.13 on the folder, point after point in one process.

    python benchmarks/sweep_against_evolve.py EVOLVE_PYTHON [--quick] [--rows 100]

EVOLVE_PYTHON is an interpreter of another environment that has both; nothing of them is needed here. TIES, density × scale, ranked
per tensor as mergekit does. Both answer the same validation rows of the five tasks with answers. Times are of whole programs, with
their imports; the sweep's also has the answers of its best point to all test rows, which the other way does not ask for.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import report
import yaml

from mergelab.checkpoints import load_suite
from mergelab.evaluation.tasks import suite_tasks

SUITE, BASE = "tinylm", "base"
DENSITIES, SCALES = (0.1, 0.2, 0.35, 0.5), (0.2, 0.4, 0.6, 0.8, 1.0)
SIDE = Path(__file__).with_name("evolve_side.py")
Point = tuple[float, float]


def main() -> None:
    options = _options()
    points = [(density, scale) for density in DENSITIES for scale in SCALES][: options.points]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "MERGELAB_CACHE": str(folder / "cache"), "MERGELAB_DATA": str(folder / "data")}
        for model in (BASE, *load_suite(SUITE).experts):
            _write_model(folder, model, environment)
        _write_rows(folder / "models" / "tasks", options.rows)
        others, evolved = _evolved(options.python, folder / "models", points)
        whole, scores = _swept(folder, "none", points, options, environment)
        raced, _ = _swept(folder, "halving", points, options, environment)
    report.publish(_record(options, (evolved, whole, raced), scores, others), options)


def _mergelab(environment: dict[str, str], *command: str) -> str:
    called = [sys.executable, "-m", "mergelab", *command]
    return subprocess.run(called, env=environment, check=True, capture_output=True, text=True).stdout


def _write_model(folder: Path, name: str, environment: dict[str, str]) -> None:
    """A folder with a model of the suite, as a merge of it alone."""
    expert = name if name != BASE else next(iter(load_suite(SUITE).experts))
    method = {"name": "task_arithmetic", "scale": float(name != BASE)}
    recipe = folder / "model.yml"
    recipe.write_text(yaml.safe_dump({"base": SUITE, "models": [f"{SUITE}/{expert}"], "method": method}))
    _mergelab(environment, "merge", str(recipe), "--out", str(folder / "models" / name))


def _asked_tasks() -> list[str]:
    return [name for name, task in suite_tasks(SUITE).items() if task.kind == "generation"]


def _write_rows(folder: Path, count: int) -> None:
    folder.mkdir()
    for name in _asked_tasks():
        rows = suite_tasks(SUITE)[name].rows("validation").mixed
        pairs = list(zip(rows.inputs, rows.references, strict=True))[:count]
        lines = [json.dumps({"prompt": prompt, "answer": answer}) for prompt, answer in pairs]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _evolved(python: str, folder: Path, points: Sequence[Point]) -> tuple[list[float], float]:
    """The mean score of each point by the others, and the seconds that their program took."""
    began = time.perf_counter()
    command = [python, str(SIDE), str(folder)]
    done = subprocess.run(command, input=json.dumps(points), check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1]), time.perf_counter() - began


def _swept(
    folder: Path, race: str, points: Sequence[Point], options: argparse.Namespace, environment: dict[str, str]
) -> tuple[float, list[float]]:
    """The seconds of a sweep with an empty cache, and the mean score of each point."""
    experts = [f"{SUITE}/{name}" for name in load_suite(SUITE).experts]
    recipe = {"base": SUITE, "models": experts, "method": {"name": "ties", "density": 0.2, "scope": "tensor"}}
    over = {
        "method.density": sorted({density for density, _ in points}),
        "method.scale": sorted({scale for _, scale in points}),
    }
    asked = {"recipe": recipe, "over": over, "rows": options.rows, "race": race, "tasks": _asked_tasks()}
    file = folder / f"{race}.yml"
    file.write_text(yaml.safe_dump(asked), encoding="utf-8")
    began = time.perf_counter()
    told = json.loads(_mergelab({**environment, "MERGELAB_CACHE": str(folder / race)}, "sweep", str(file), "--json"))
    seconds = time.perf_counter() - began
    found = {(each["settings"]["method.density"], each["settings"]["method.scale"]): each for each in told["points"]}
    return seconds, [found[point]["values"][0] for point in points]


def _record(
    options: argparse.Namespace, seconds: tuple[float, float, float], scores: list[float], others: list[float]
) -> report.Record:
    evolved, whole, raced = seconds
    ways = {"mergekit + lm-eval": evolved, "sweep, every point on every row": whole, "sweep that races": raced}
    rows = [[way, f"{each:.0f}", f"{evolved / each:.1f}x"] for way, each in ways.items()]
    caption = (
        f"{len(scores)} points of TIES on TinyLM (6 experts, 1.0 M parameters), {options.rows} rows of each of"
        f" {len(_asked_tasks())} tasks, wall time of whole programs."
    )
    apart = max(abs(one - other) for one, other in zip(scores, others, strict=True))
    alike = scores.index(max(scores)) == others.index(max(others))
    told = f"Mean scores of a point differ by at most {100 * apart:.1f} points; the best point is {'' if alike else 'not '}the same."
    table = report.Table(caption, ["way", "seconds", "faster"], rows)
    values: dict[str, Any] = {"seconds": ways, "scores": scores, "others": others}
    command = "python benchmarks/sweep_against_evolve.py EVOLVE_PYTHON"
    return report.Record("sweep_against_evolve", command, [table], [told], values)


def _options() -> argparse.Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("python", help="an interpreter with mergekit 0.1.5 and lm_eval 0.4.13")
    parser.add_argument("--rows", type=int, default=100, help="validation rows of each task")
    options = parser.parse_args()
    options.points = 20
    if options.quick:
        options.rows, options.points = 25, 5
    return options


if __name__ == "__main__":
    main()
