"""How soon a merge has its first score, and how it tightens: from the end of the merge to each block of answers.

    python benchmarks/first_figure.py [--quick] [--repeats 5]

The job that the page runs, in this process, warmed up by one merge of each suite. Every repetition merges at another density, so
no answer is known before; those of the base and the experts are. `all tasks` is when each task has a first score, so that their
mean has one, too.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import environ

import report

from mergelab.checkpoints import load_suite
from mergelab.evaluation.scores import Score, mean_score
from mergelab.jobs import workbench
from mergelab.runtime.progress import Partial

SUITES = ("pixels", "tinylm", "minilm")
ROWS = 200
BOUND = 2.0
"""Seconds within which the first figure is asked for on MiniLM."""


@dataclass(frozen=True)
class Waits:
    """Seconds after the end of the merge until a first score, a first score of every task, and the last answer."""

    first: float
    tasks: float
    last: float
    half: float
    """Half the width of the mean's 95 % interval when every task has its first score, in points."""


def main() -> None:
    options = _options()
    environ["MERGELAB_CACHE"] = tempfile.mkdtemp()
    found = {suite: [_waits(suite, density) for density in _densities(options.repeats)] for suite in SUITES}
    report.publish(_record({suite: each[1:] for suite, each in found.items()}), options)


def _densities(repeats: int) -> Iterator[float]:
    """One for the warming up, and one for each repetition."""
    return (round(0.2 + 0.03 * number, 2) for number in range(repeats + 1))


def _waits(suite: str, density: float) -> Waits:
    experts = [f"{suite}/{name}" for name in load_suite(suite).experts]
    recipe = {"base": suite, "models": experts, "method": {"name": "ties", "density": density}}
    steps = workbench.merge(recipe, rows=ROWS, device="cpu", counted=False)
    merged = first = tasks = last = half = 0.0
    for step in steps:
        now = time.perf_counter()
        if not isinstance(step, Partial) or not step.result.begun:
            continue
        merged = merged or now
        first = first or (now if step.result.scores else 0.0)
        if not tasks and not step.result.waiting:
            tasks, half = now, _half_width(step.result.scores)
        if all(score.complete for score in step.result.scores) and not step.result.waiting:
            last = last or now
    return Waits(first - merged, tasks - merged, last - merged, half)


def _half_width(scores: Sequence[Score]) -> float:
    mean = mean_score(scores)
    return 50 * (mean.high - mean.low)


def _record(found: dict[str, list[Waits]]) -> report.Record:
    rows = [
        [
            suite,
            *(f"{statistics.median(getattr(wait, name) for wait in waits):.2f}" for name in ("first", "tasks", "last")),
            f"± {statistics.median(wait.half for wait in waits):.1f}",
            ""
            if suite != "minilm"
            else ("yes" if statistics.median(wait.first for wait in waits) <= BOUND else "**no**"),
        ]
        for suite, waits in found.items()
    ]
    columns = [
        "suite",
        "first score, s",
        "all tasks, s",
        f"all {ROWS} examples, s",
        "mean then, points",
        f"first ≤ {BOUND:g} s",
    ]
    caption = f"Seconds after the end of a TIES merge of all experts, {ROWS} validation examples per task, 2 threads."
    values = {suite: [wait.first for wait in waits] for suite, waits in found.items()}
    return report.Record(
        "first_figure", "python benchmarks/first_figure.py", [report.Table(caption, columns, rows)], values=values
    )


def _options() -> argparse.Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="merges of each suite that are timed")
    options = parser.parse_args()
    options.repeats = min(options.repeats, 1) if options.quick else options.repeats
    return options


if __name__ == "__main__":
    main()
