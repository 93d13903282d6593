"""A sweep of 20 points on MiniLM beside the same points in a shell loop, which merges each to a folder and evaluates the folder.

    python benchmarks/sweep_against_loop.py [--quick] [--rows 50] [--looped 20]

TIES, density × scale. Every way is its own commands with an empty cache; the loop keeps its cache from point to point, and its
folders are deleted. All score one recipe on all test rows at their end. With --looped, only so many points are looped, spread over the grid, and the others count as much. Then races
are run again on the answers of the whole sweep, with the rows in 10 other orders: how often is the winner the best of all rows,
or one that all rows do not tell from it?
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy
import report
import yaml

from mergelab.checkpoints import load_suite
from mergelab.evaluation.scores import Score
from mergelab.evaluation.scores.answers import Answers
from mergelab.evaluation.scores.interval import Z
from mergelab.evaluation.scores.looks import bounds
from mergelab.evaluation.scores.score import score
from mergelab.evaluation.tasks import suite_tasks
from mergelab.jobs.sweeping.sweep_job import sweep
from mergelab.runtime.progress import finish
from mergelab.sweeps.objective import SweepObjective, read_objective
from mergelab.sweeps.racing import Race

SUITE = "minilm"
DENSITIES, SCALES = (0.1, 0.2, 0.35, 0.5), (0.6, 0.8, 1.0, 1.2, 1.5)
ORDERS = 10
ROWS = suite_tasks(SUITE)
Scores = Mapping[str, Score]


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        looped, measured = _loop(place, options)
        whole, best = _sweep(place, options, "none")
        raced, found = _sweep(place, options, "halving")
        scores, objective = _answered(place, options)
    winners = [_winner(scores, objective, options.rows, order) for order in range(ORDERS)]
    report.publish(
        _record(options, (looped, whole, raced), measured, (best, found), scores, objective, winners), options
    )


def _recipe(density: float, scale: float) -> dict[str, Any]:
    experts = [f"{SUITE}/{name}" for name in load_suite(SUITE).experts]
    return {"base": SUITE, "models": experts, "method": {"name": "ties", "density": density, "scale": scale}}


def _mapping(options: argparse.Namespace, race: str) -> dict[str, Any]:
    over = {"method.density": [*_densities(options)], "method.scale": [*SCALES]}
    return {"recipe": _recipe(0.2, 1.0), "over": over, "rows": options.rows, "race": race}


def _densities(options: argparse.Namespace) -> tuple[float, ...]:
    return DENSITIES[:1] if options.quick else DENSITIES


def _run(cache: Path, *command: str) -> str:
    environment = {**os.environ, "MERGELAB_CACHE": str(cache), "MERGELAB_DATA": str(cache / "data")}
    done = subprocess.run(
        [sys.executable, "-m", "mergelab", *command], env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout


def _loop(place: Path, options: argparse.Namespace) -> tuple[float, int]:
    """Seconds for all points, and how many of them were looped."""
    points = [(density, scale) for density in _densities(options) for scale in SCALES]
    chosen = points[:: max(1, len(points) // options.looped)][: options.looped]
    recipe, merged = place / "point.yml", place / "merged"
    began = time.perf_counter()
    for density, scale in chosen:
        shutil.rmtree(merged, ignore_errors=True)
        recipe.write_text(yaml.safe_dump(_recipe(density, scale)), encoding="utf-8")
        _run(place / "loop", "merge", str(recipe), "--out", str(merged))
        _run(place / "loop", "evaluate", str(merged), "--suite", SUITE, "--rows", str(options.rows), "--json")
    each = (time.perf_counter() - began) / len(chosen)
    began = time.perf_counter()
    _run(place / "loop", "evaluate", str(merged), "--suite", SUITE, "--split", "test", "--json")
    return each * len(points) + time.perf_counter() - began, len(chosen)


def _sweep(place: Path, options: argparse.Namespace, race: str) -> tuple[float, int]:
    """Seconds of a sweep with this race, and the number of its best point."""
    file = place / f"{race}.yml"
    file.write_text(yaml.safe_dump(_mapping(options, race)), encoding="utf-8")
    began = time.perf_counter()
    told = json.loads(_run(place / race, "sweep", str(file), "--json"))
    return time.perf_counter() - began, told["best"][0]


def _answered(place: Path, options: argparse.Namespace) -> tuple[Mapping[int, Scores], SweepObjective]:
    """The scores of all points on all rows, from the cache of the sweep without a race."""
    os.environ["MERGELAB_CACHE"] = str(place / "none")
    outcome = finish(sweep(_mapping(options, "none")))
    scores = {point.number: {each.task: each for each in point.scores} for point in outcome.points}
    return scores, read_objective("mean", {task: each.metric for task, each in scores[0].items()}, {})


def _winner(scores: Mapping[int, Scores], objective: SweepObjective, rows: int, order: int) -> int:
    """Who wins a race by halving in which the rows come in another order."""
    mixed = {number: {task: _mixed(each, order) for task, each in own.items()} for number, own in scores.items()}
    running, race = list(mixed), Race(halving=True)
    for bound in bounds(rows):
        block = {number: {task: each.on_first(bound) for task, each in mixed[number].items()} for number in running}
        running = race.remaining(block, objective, bound, rows)
    return running[0]


def _mixed(found: Score, order: int) -> Score:
    assert found.answers is not None
    places = numpy.random.default_rng(order).permutation(found.n)
    each = found.answers.each
    mixed = Answers.of(ROWS[found.task].rows("validation").mixed, [each[place] for place in places])
    return score(found.task, found.split, found.metric, mixed, found.asked)


def _record(
    options: argparse.Namespace,
    seconds: tuple[float, float, float],
    measured: int,
    best: tuple[int, int],
    scores: Mapping[int, Scores],
    objective: SweepObjective,
    winners: list[int],
) -> report.Record:
    looped, whole, raced = seconds
    ways = {"shell loop": looped, "sweep, every point on every row": whole, "sweep that races by halving": raced}
    rows = [[way, f"{each:.0f}", f"{looped / each:.1f}x"] for way, each in ways.items()]
    points = len(_densities(options)) * len(SCALES)
    caption = (
        f"{points} points of TIES on MiniLM (7 experts, 22.7 M parameters), {options.rows} rows of each of 7 tasks, wall time of whole"
        f" commands; {measured} points of the loop were run."
    )
    same = sum(winner == best[0] for winner in winners)
    alike = sum(_alike(scores, objective, best[0], winner) for winner in winners)
    told = (
        f"Race and whole sweep {'have the same winner' if best[0] == best[1] else 'have other winners'}. With the rows in {ORDERS} other"
        f" orders, the race has the same winner {same} times, and one that all rows do not tell from it {alike} times."
    )
    values = {"seconds": ways, "best": best, "winners": winners, "rows": options.rows}
    table = report.Table(caption, ["way", "seconds", "faster than the loop"], rows)
    return report.Record("sweep_against_loop", "python benchmarks/sweep_against_loop.py", [table], [told], values)


def _alike(scores: Mapping[int, Scores], objective: SweepObjective, best: int, winner: int) -> bool:
    """Whether the rows do not tell the winner from the best."""
    return winner == best or objective.difference(scores[winner], scores[best], Z).low <= 0


def _options() -> argparse.Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--rows", type=int, default=50, help="validation rows of each task")
    parser.add_argument("--looped", type=int, default=20, help="points that the loop runs")
    options = parser.parse_args()
    if options.quick:
        options.rows, options.looped = 25, 2
    return options


if __name__ == "__main__":
    main()
