"""Searches for the best recipe on validation rows."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Generator, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, astuple
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mergelab.cli.commands.evaluate import score_table
from mergelab.cli.flags import expanded, json_flag, place_flags, positive, subcommand, task_flags
from mergelab.cli.progress_bar import followed
from mergelab.cli.remembered import lent_store, remember_flag

if TYPE_CHECKING:
    from mergelab.evaluation.scores import Score
    from mergelab.evaluation.scores.interval import Estimate
    from mergelab.jobs.sweeping.ray_cluster import RayCluster
    from mergelab.jobs.sweeping.remembered_points import RememberedPoints
    from mergelab.jobs.sweeping.sweep_outcome import Point, PointOnTest, SweepOutcome
    from mergelab.runs import RunStore
    from mergelab.runtime.progress import PartialGen, Progress
    from mergelab.sweeps import Sweep


def add(commands: Any) -> None:
    """Add the command with its flags."""
    sweep = subcommand(commands, "sweep", _run, "search for the best recipe on validation rows")
    sweep.add_argument("file", metavar="SWEEP.yml", help="a sweep (docs/sweeps.md), or with --over a recipe")
    sweep.add_argument(
        "--over",
        action="append",
        metavar="PATH=RANGE",
        help="vary a setting of the recipe: method.density=0.05:1:0.05, method=[ties,average], method.scale=suggested; may be repeated",
    )
    sweep.add_argument(
        "--sampler", help="grid, random, tpe, gp, cma-es or nsga-ii (default: grid if it is small, else tpe)"
    )
    sweep.add_argument("--points", type=positive, metavar="N", help="try at most N recipes")
    sweep.add_argument("--minutes", type=positive, metavar="N", help="begin no further recipe after N minutes")
    sweep.add_argument(
        "--objective",
        nargs="+",
        help="mean, worst, normalised or task:NAME (default: mean); several give a Pareto front",
    )
    sweep.add_argument("--rows", type=positive, metavar="N", help="validation rows per task (default: 200)")
    sweep.add_argument(
        "--race", choices=("halving", "safe", "none"), help="which recipes leave early (default: halving)"
    )
    sweep.add_argument(
        "--repeats",
        type=positive,
        metavar="N",
        help="merge recipes in which something is random, such as DARE, with N seeds; each is worth the mean over them (default: 1)",
    )
    sweep.add_argument(
        "--resume",
        action="store_true",
        help="only go on with this sweep: refuse to begin it anew (default: go on where runs remember it, else begin)",
    )
    sweep.add_argument("--out", type=expanded, metavar="FILE", help="write the best recipe to this file")
    json_flag(sweep)
    _cluster_flags(sweep)
    task_flags(sweep, "a task set of your own to score and to calibrate with")
    place_flags(sweep)
    remember_flag(sweep)


def _cluster_flags(sweep: argparse.ArgumentParser) -> None:
    """Add the flags that say where points are merged and scored."""
    sweep.add_argument(
        "--backend",
        choices=("local", "ray"),
        default="local",
        help="where recipes are merged and scored: here, or by workers on a Ray cluster (docs/cluster.md); the result is the same",
    )
    sweep.add_argument(
        "--address",
        metavar="HOST:PORT",
        help="with --backend ray: the head of the cluster, or auto (default: $RAY_ADDRESS, or this machine's cluster, or this machine alone)",
    )
    sweep.add_argument(
        "--workers",
        type=positive,
        metavar="N",
        help="with --backend ray: so many processes (default: as many as the cluster's processors allow)",
    )


def _cluster(options: argparse.Namespace) -> RayCluster | None:
    from mergelab.jobs.sweeping.ray_cluster import RayCluster

    if options.backend == "ray":
        return RayCluster(options.address, options.workers)
    if options.address or options.workers:
        raise ValueError("--address and --workers are for a cluster; give --backend ray as well, or leave them out")
    return None


def _run(options: argparse.Namespace) -> None:
    from mergelab.jobs.sweeping.sweep_job import sweep

    asked = _sweep(options)
    if options.out and len(asked.objectives) > 1:
        raise ValueError(
            "--out writes the best recipe, but several objectives give a front; name one objective, or use --json"
        )
    if options.out and Path(options.out).exists():
        raise ValueError(f"{options.out} exists and is not overwritten; choose another name or move it away")
    cluster = _cluster(options)
    job = sweep(asked.to_mapping(), options.device, options.models_dir, options.task, options.head, cluster)
    with lent_store(options) as store, redirect_stdout(sys.stderr):  # Ray prints, but stdout is the report
        outcome = _outcome(job, store, asked, options)
    print(json.dumps(_plain(outcome), indent=2) if options.json else outcome_text(outcome, asked.objectives))
    if len(outcome.points) < asked.points:
        print(
            f"note: {len(outcome.points)} of {asked.points} points were tried; there are no more, or the time was over",
            file=sys.stderr,
        )
    best = outcome.points[outcome.best[0]].recipe if outcome.best else None
    if options.out and best:
        Path(options.out).write_text(best.to_yaml(), encoding="utf-8")
        print(f"the best recipe is in {options.out}", file=sys.stderr)


def _sweep(options: argparse.Namespace) -> Sweep:
    """The sweep of the file, or of a recipe with --over; flags win."""
    from mergelab.recipe import Recipe
    from mergelab.sweeps import Sweep, SweepError
    from mergelab.sweeps.sweep_file import over_shorthand

    names = ("sampler", "points", "minutes", "objective", "rows", "race", "repeats")
    flags = {name: getattr(options, name) for name in names}
    given = {name: value for name, value in flags.items() if value is not None}
    if not options.over:
        asked = Sweep.from_file(options.file)
        return Sweep.from_mapping(asked.to_mapping() | given) if given else asked
    over: dict[str, Any] = {}
    for text in options.over:
        if set(found := over_shorthand(text)) & set(over):
            raise SweepError(f"--over names {next(iter(found))} twice")
        over |= found
    recipe = Recipe.from_file(options.file).to_mapping()
    return Sweep.from_mapping({"recipe": recipe, "over": over, **given})


def _outcome(
    job: PartialGen[SweepOutcome], store: RunStore | None, asked: Sweep, options: argparse.Namespace
) -> SweepOutcome:
    """What the job has found; a person who stops it hears how far it came, and how it goes on."""
    tried = set[int]()
    try:
        outcome: SweepOutcome = followed(_progress(job, store, asked, options, tried))
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(
            f"the sweep was cancelled after {len(tried)} of at most {asked.points} recipes; what was answered is kept: the same command "
            "resumes it, and no row is asked twice"
        ) from stop
    return outcome


def _progress(
    job: PartialGen[SweepOutcome], store: RunStore | None, asked: Sweep, options: argparse.Namespace, tried: set[int]
) -> Generator[Progress, None, SweepOutcome]:
    """The job's progress; its points go to the store, and their numbers to `tried`, as soon as their standing is final."""
    from mergelab.jobs.sweeping.remembered_points import RememberedPoints
    from mergelab.jobs.sweeping.sweep_outcome import PointState
    from mergelab.runtime.progress import Partial, Progress, map_progress

    points = RememberedPoints(store, asked, Path(options.file).stem, options.device) if store else None
    _say_what_is_known(points, options.resume)

    def told(step: Progress | Partial) -> Progress | None:
        if isinstance(step, Progress):
            return step
        if step.result.state is not PointState.RACING:
            tried.add(step.result.number)
        if points:
            points.take(step.result)
        return None

    outcome: SweepOutcome = yield from map_progress(job, told)
    if points:
        points.end(outcome)
    return outcome


def _say_what_is_known(points: RememberedPoints | None, resume: bool) -> None:
    """What is left of an earlier start of this sweep. Raises ValueError if it must be resumed and there is nothing."""
    if points and points.count:
        print(f"note: runs remember {points.count} of this sweep's merges; no row is asked twice", file=sys.stderr)
    elif resume:
        raise ValueError(
            "there is nothing to resume: no run remembers a recipe of this sweep; leave --resume out to begin it, or name with --runs where "
            "its runs are (a sweep whose file or flags changed is another one)"
        )


def outcome_text(outcome: SweepOutcome, objectives: Sequence[str]) -> str:
    """The points from the best to the worst, the best beside the start or the front on test rows, and what the selection was worth."""
    finished = [point for point in outcome.points if point.values]
    ranked = sorted(finished, key=lambda point: (point.state != "finished", *(-value for value in point.values)))
    lines = [f"{'':<3}{'point':>5}{'n':>6}  {'value':<24}settings"]
    for point in ranked:
        star = "*" if point.number in outcome.best else "≈" if point.number in outcome.alike else ""
        values = ", ".join(f"{value:.4f}{_seeds(point, place)}" for place, value in enumerate(point.values))
        settings = ", ".join(
            f"{path} {value:g}" if isinstance(value, float) else f"{path} {value}"
            for path, value in point.settings.items()
        )
        lines.append(f"{star:<3}{point.number + 1:>5}{point.n:>6}  {values:<24}{settings}{_state(point)}")
    lines += [f"refused: {point.error}" for point in outcome.points if point.error]
    return "\n".join([*lines, *_remarks(outcome, objectives)])


def _seeds(point: Point, place: int) -> str:
    """The lowest and the highest seed of an objective."""
    values = [each.values[place] for each in point.repeats]
    return f" ({min(values):.4f} to {max(values):.4f})" if values else ""


def _state(point: Point) -> str:
    return "  (left the race)" if point.state == "out" else ""


def _remarks(outcome: SweepOutcome, objectives: Sequence[str]) -> list[str]:
    from mergelab.jobs.sweeping.front_on_test import front_words
    from mergelab.jobs.sweeping.objective_words import objective_title

    found = []
    if len(objectives) > 1 and outcome.best:
        found += ["", *front_words(outcome, objectives, [objective_title(name) for name in objectives]), ""]
    if outcome.alike:
        found.append(f"≈ {len(outcome.alike)} points that the rows they answered do not tell from the best")
    if outcome.test_problem and len(objectives) == 1:
        found.append(f"the best has no scores on test rows: {outcome.test_problem}")
    if outcome.test:
        found += ["", "the best on all test rows:", score_table(outcome.test), "", *_beside_the_start(outcome)]
    if outcome.optimism:
        found.append(
            f"on validation rows, by which it was chosen, the best is {_signed(outcome.optimism)} against test rows: "
            "chance helped to choose it, so trust the score on test rows"
        )
    return [*found, f"{outcome.rows} answers were asked for"]


def _beside_the_start(outcome: SweepOutcome) -> list[str]:
    """Whether the best is better than the recipe that the sweep started from, on the same test rows."""
    start = outcome.start
    if start is None:
        return [f"the recipe it started from has no score: {outcome.start_problem}"] if outcome.start_problem else []
    if start.gain is None:
        return ["the best is the recipe it started from"]
    values = f"the best has {start.best:.4f}, the recipe it started from {start.value:.4f}"
    return [f"on test rows {values}: {_signed(start.gain)}, {start.verdict}"]


def _signed(found: Estimate) -> str:
    return f"{found.value:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"


def _plain(outcome: SweepOutcome) -> dict[str, Any]:
    """The outcome as plain data, without what only comparisons need."""
    return {
        "points": [
            {
                "number": point.number,
                "settings": dict(point.settings),
                "state": point.state.value,
                "n": point.n,
                "values": list(point.values),
                "by_seed": [list(each.values) for each in point.repeats],
                "weights": point.weights,
                "error": point.error,
                "recipe": point.recipe.to_mapping() if point.recipe else None,
            }
            for point in outcome.points
        ],
        "best": list(outcome.best),
        "alike": list(outcome.alike),
        "test": _plain_scores(outcome.test),
        "optimism": outcome.optimism and astuple(outcome.optimism),
        "start": outcome.start and asdict(outcome.start),
        "start_problem": outcome.start_problem,
        "front": [_plain_on_test(each) for each in outcome.front],
        "left_out": list(outcome.left_out),
        "test_problem": outcome.test_problem,
        "answers": outcome.rows,
    }


def _plain_on_test(found: PointOnTest) -> dict[str, Any]:
    return {
        "number": found.number,
        "test": _plain_scores(found.scores),
        "values": found.values,
        "optimism": [astuple(each) for each in found.optimism],
        "gains": [astuple(each) for each in found.gains],
        "is_start": found.is_start,
    }


def _plain_scores(scores: Sequence[Score]) -> dict[str, Any]:
    """Each task's value, the ends of its interval, and its rows."""
    return {score.task: [score.value, score.low, score.high, score.n] for score in scores}
