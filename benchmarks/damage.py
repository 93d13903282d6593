"""How long a damage map takes, and whether conflict tells where a merge is damaged.

    python benchmarks/damage.py [pixels minilm] [--restore mean] [--rows 200] [--method ties]

Merges all experts of each suite, with an empty cache. `whole map` is when every cell has answered the first block of rows of
every task, `all rows` when all are answered. Seconds count from the end of the merge and of the count of conflicts.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from os import environ

from mergelab.analysis.damage import RESTORES, DamageMap, correlation_sentence
from mergelab.charts import damage_summary
from mergelab.checkpoints import load_suite
from mergelab.jobs import workbench
from mergelab.runtime.progress import Partial, Progress, finish, map_progress

STAGE = "Measuring damage"


def main() -> None:
    options = _options()
    environ["MERGELAB_CACHE"] = tempfile.mkdtemp()
    for suite in options.suites:
        _tell(suite, options)


def _tell(suite: str, options: argparse.Namespace) -> None:
    experts = [f"{suite}/{name}" for name in load_suite(suite).experts]
    recipe = {"base": suite, "models": experts, "method": options.method}
    print(f"{suite}, {options.method}, {RESTORES[options.restore]} put back:", flush=True)
    began = (0.0, 0.0)

    def told(step: Progress | Partial) -> Progress | None:
        nonlocal began
        if isinstance(step, Progress):
            began = _clocks() if began == (0.0, 0.0) and step.stage == STAGE else began
        elif not shown and step.result.known == len(step.result.cells):
            shown.append(step.result)
            _line("whole map", began, step.result)
        return None

    shown: list[DamageMap] = []
    steps = workbench.damage(recipe, restore=options.restore, rows=options.rows, device="cpu")
    found = finish(map_progress(steps, told))
    _line("all rows", began, found)
    print(f"  {damage_summary(found).replace('<br>', ', ')}", flush=True)


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _line(what: str, began: tuple[float, float], found: DamageMap) -> None:
    wall, cpu = (now - then for now, then in zip(_clocks(), began, strict=True))
    size = f"{len(found.cells)} cells × {len(found.tasks)} tasks"
    print(f"  {what:<10}{wall:8.1f} s, {cpu:.1f} s of CPU, {size}: {correlation_sentence(found)}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How long a damage map takes.")
    parser.add_argument("suites", nargs="*", default=["pixels", "minilm"])
    parser.add_argument("--restore", choices=tuple(RESTORES), default="mean")
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--method", default="ties")
    return parser.parse_args()


if __name__ == "__main__":
    main()
