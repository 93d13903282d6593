"""Scores a model, or the merge of a recipe, on task sets."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mergelab.cli.flags import place_flags, portable_flag, positive, subcommand, task_flags
from mergelab.cli.remembered import remember_flag, remembered

if TYPE_CHECKING:
    from mergelab.evaluation.scores import Score
    from mergelab.recipe import Recipe
    from mergelab.runtime.progress import ProgressGen


def add(commands: Any) -> None:
    """Add the command with its flags."""
    evaluate = subcommand(commands, "evaluate", _run, "score a model, or the merge of a recipe, on task sets")
    evaluate.add_argument(
        "model", metavar="MODEL_OR_RECIPE", help="folder, suite name, owner/name@revision, or a recipe file"
    )
    evaluate.add_argument("--suite", help="the suite whose task sets to use (default: the model's own suite)")
    evaluate.add_argument("--tasks", nargs="+", metavar="TASK", help="only these task sets of the suite")
    task_flags(evaluate, "a task set of your own to score, also to calibrate methods that need it")
    evaluate.add_argument(
        "--split",
        choices=("validation", "test"),
        default="validation",
        help="tune on validation, report results on test (default: validation)",
    )
    evaluate.add_argument("--rows", type=positive, metavar="N", help="score N rows per task set (default: all)")
    evaluate.add_argument("--json", action="store_true", help="print JSON")
    place_flags(evaluate)
    remember_flag(evaluate)
    portable_flag(evaluate)


def _run(options: argparse.Namespace) -> None:
    from mergelab.jobs import workbench
    from mergelab.recipe import Recipe

    is_recipe = Path(options.model).suffix in (".yml", ".yaml", ".json")
    recipe = Recipe.from_file(options.model) if is_recipe else None
    named = {"recipe": recipe.to_mapping()} if recipe else {"model": options.model}
    job = workbench.evaluate(
        **named,
        suite=options.suite,
        split=options.split,
        rows=options.rows,
        tasks=options.tasks,
        device=options.device,
        models_dir=options.models_dir,
        task_files=options.task,
        head=options.head,
    )
    scores = _remembered(options, recipe, job)
    for note in dict.fromkeys(note for score in scores for note in score.notes):
        print(f"note: {note}", file=sys.stderr)
    print(json.dumps([_plain(score) for score in scores], indent=2) if options.json else score_table(scores))


def _remembered(options: argparse.Namespace, recipe: Recipe | None, job: ProgressGen[list[Score]]) -> list[Score]:
    from mergelab.jobs.recording.run_facts import model_request, recipe_request, result_of, with_inputs
    from mergelab.runs import RunKind

    if recipe is None:
        request = model_request(options.model, options.device, options.split)
        return remembered(options, request, job, lambda scores: result_of("", {}, scores))
    request = recipe_request(RunKind.EVALUATION, Path(options.model).stem, recipe, options.device, options.split)
    hashed = with_inputs(job, recipe, options.models_dir)
    return remembered(options, request, hashed, lambda found: result_of("", found[1], found[0]))[0]


def _plain(score: Score) -> dict[str, Any]:
    """A score without what only comparisons need."""
    return {name: value for name, value in asdict(score).items() if name not in ("answers", "first")}


def score_table(scores: Sequence[Score]) -> str:
    """One line per score, and the mean of those that are shares of rows if there are several."""
    from mergelab.evaluation.scores import mean_score
    from mergelab.evaluation.scores.metrics import find_metric

    shares = [score for score in scores if find_metric(score.metric).is_share]

    lines = [f"{'task':<16}{'split':<12}{'metric':<22}{'value':>7}  {'95 % interval':<16}{'n':>6}"]
    lines += [
        f"{score.task:<16}{score.split:<12}{score.metric:<22}{score.value:>7.3f}  [{score.low:.3f}, {score.high:.3f}]  {score.n:>6}"
        for score in [*scores, *([mean_score(shares)] if len(shares) > 1 else [])]
    ]
    return "\n".join(lines)
