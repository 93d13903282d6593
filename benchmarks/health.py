"""Prints the verdict on the merge of every method, with its defaults and with bad settings, beside its mean score.

    python benchmarks/health.py [SUITE …]

A good recipe should be called healthy. Each line also has the CPU time of the merge and of the checks that run after a live merge.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

from mergelab.checkpoints import load_suite
from mergelab.engine import merged_model, prepare
from mergelab.evaluation.scores import mean_score
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.evaluation.scoring import scored
from mergelab.evaluation.tasks import suite_tasks
from mergelab.jobs.merging.merge_health import merge_health
from mergelab.jobs.recipe_plans import planned_recipe, with_calibration
from mergelab.methods import METHODS
from mergelab.recipe import Recipe, RecipeError
from mergelab.runtime.progress import finish

BAD: tuple[dict[str, Any], ...] = (
    {"name": "task_arithmetic", "scale": 1.0},
    {"name": "ties", "scale": 2.0},
    {"name": "tsv_m", "scale": 2.0},
)
ROWS = 200


def recipes(suite: str) -> Iterator[Recipe]:
    """Every method with its defaults on as many experts as it takes, and the bad settings."""
    experts = list(load_suite(suite).models[1:])
    for method in [*({"name": name} for name in METHODS), *BAD]:
        for count in (len(experts), 2, 1):
            try:
                yield Recipe.from_mapping({"base": suite, "models": experts[:count], "method": method})
                break
            except RecipeError:
                continue


def line(suite: str, recipe: Recipe) -> str:
    """The figures of one recipe."""
    planned = finish(with_calibration(finish(planned_recipe(recipe, None)), "cpu"))
    started = time.process_time()
    body = finish(merged_model(finish(prepare(planned, "cpu")))).tensors
    merged = time.process_time()
    health = finish(merge_health(planned, body))
    checked = time.process_time()
    tasks = [task for task in suite_tasks(suite).values() if find_metric(task.metric).is_share]
    mean = mean_score(finish(scored(body, tasks, "validation", ROWS, "cpu"))).value
    scale = recipe.method.knobs.get("scale")
    settings = "" if scale is None else f" {scale:g}"
    times = f"merge {1000 * (merged - started):6.0f} ms, checks {1000 * (checked - merged):4.0f} ms"
    return f"{recipe.method.name + settings:<22} {mean:6.3f}  {times}  {health.verdict}"


def main() -> None:
    """Print the lines of every suite that is named."""
    for suite in sys.argv[1:] or ["pixels"]:
        print(suite)
        for recipe in recipes(suite):
            try:
                print(line(suite, recipe), flush=True)
            except ValueError as error:
                print(f"{recipe.method.name:<22} refused: {error}", flush=True)


if __name__ == "__main__":
    main()
