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
from mergelab.runtime.progress import Partial

STAGE = "Measuring damage"


def main() -> None:
    options = _options()
    environ["MERGELAB_CACHE"] = tempfile.mkdtemp()
    for suite in options.suites:
        _tell(suite, options)


def _tell(suite: str, options: argparse.Namespace) -> None:
    experts = [f"{suite}/{name}" for name in load_suite(suite).experts]
    recipe = {"base": suite, "models": experts, "method": options.method}
    steps = workbench.damage(recipe, restore=options.restore, rows=options.rows, device="cpu")
    began = whole = 0.0
    first: DamageMap | None = None
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            found: DamageMap = end.value
            break
        if isinstance(step, Partial):
            if first is None and step.result.known == len(step.result.cells):
                first, whole = step.result, time.perf_counter() - began
        elif step.stage == STAGE and not began:
            began = time.perf_counter()
    print(
        f"{suite}, {options.method}, {RESTORES[options.restore]} put back: {len(found.cells)} cells, {len(found.tasks)} tasks"
    )
    if first is not None:
        print(f"  whole map   {whole:7.1f} s  {correlation_sentence(first)}")
    print(f"  all rows    {time.perf_counter() - began:7.1f} s  {correlation_sentence(found)}")
    print(f"  {damage_summary(found).replace('<br>', ', ')}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How long a damage map takes.")
    parser.add_argument("suites", nargs="*", default=["pixels", "minilm"])
    parser.add_argument("--restore", choices=tuple(RESTORES), default="mean")
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--method", default="ties")
    return parser.parse_args()


if __name__ == "__main__":
    main()
