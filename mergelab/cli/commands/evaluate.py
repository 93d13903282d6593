"""Scores a model, or the merge of a recipe, on task sets and on tasks of lm-evaluation-harness."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mergelab.cli.flags import (
    folder,
    json_flag,
    place_flags,
    portable_flag,
    positive,
    subcommand,
    suite_tasks_flag,
    task_flags,
)
from mergelab.cli.progress_bar import followed
from mergelab.cli.remembered import remember_flag, remembered

if TYPE_CHECKING:
    from mergelab.evaluation.lm_evaluation_harness import HarnessScore
    from mergelab.evaluation.scores import Score
    from mergelab.recipe import Recipe
    from mergelab.runtime.progress import ProgressGen


T = TypeVar("T")


def add(commands: Any) -> None:
    """Add the command with its flags."""
    evaluate = subcommand(commands, "evaluate", _run, "score a model, or the merge of a recipe, on task sets")
    evaluate.add_argument(
        "model", metavar="MODEL_OR_RECIPE", help="folder, suite name, owner/name@revision, or a recipe file"
    )
    evaluate.add_argument("--suite", help="the suite whose task sets to use (default: the model's own suite)")
    suite_tasks_flag(evaluate)
    task_flags(evaluate, "a task set of your own to score, also to calibrate methods that need it")
    evaluate.add_argument(
        "--split",
        choices=("validation", "test"),
        default="validation",
        help="tune on validation, report results on test (default: validation)",
    )
    evaluate.add_argument("--rows", type=positive, metavar="N", help="score N rows per task set (default: all)")
    evaluate.add_argument(
        "--side-by-side",
        action="store_true",
        help="of a recipe, also score the base and the experts, and compare the merged model with each on the same rows",
    )
    evaluate.add_argument(
        "--lm-eval",
        type=_names,
        default=[],
        metavar="TASK,TASK",
        help="tasks of lm-evaluation-harness, such as arc_easy,gsm8k; the model is handed over in memory (needs mergelab[lm-eval])",
    )
    evaluate.add_argument(
        "--limit", type=positive, metavar="N", help="with --lm-eval: the first N examples of each task"
    )
    evaluate.add_argument(
        "--lm-eval-batch",
        type=positive,
        metavar="N",
        help="with --lm-eval: ask N examples at once, which is faster on a GPU; answers that nearly tie may change (default: 1)",
    )
    evaluate.add_argument(
        "--lm-eval-path",
        type=folder,
        metavar="DIR",
        help="with --lm-eval: a folder with YAML files of tasks of your own",
    )
    json_flag(evaluate)
    place_flags(evaluate)
    remember_flag(evaluate)
    portable_flag(evaluate)


def _run(options: argparse.Namespace) -> None:
    from mergelab.recipe import Recipe

    if not options.lm_eval and (options.limit or options.lm_eval_path or options.lm_eval_batch):
        raise ValueError(
            "--limit, --lm-eval-batch and --lm-eval-path belong to --lm-eval; name its tasks, or use --rows for task sets"
        )
    is_recipe = Path(options.model).suffix in (".yml", ".yaml", ".json")
    recipe = Recipe.from_file(options.model) if is_recipe else None
    named = {"recipe": recipe.to_mapping()} if recipe else {"model": options.model}
    if options.side_by_side:
        _side_by_side(options, recipe)
        return
    has_sets = not options.lm_eval or bool(options.suite or options.tasks or options.task)
    scores = _scores(options, recipe, named) if has_sets else []
    harness = _harness_scores(options, named) if options.lm_eval else []
    for note in dict.fromkeys(note for score in scores for note in score.notes):
        print(f"note: {note}", file=sys.stderr)
    if options.json:
        print(json.dumps([*map(_plain, scores), *map(_harness_plain, harness)], indent=2))
    else:
        print(score_table(scores, harness))


def _scores(options: argparse.Namespace, recipe: Recipe | None, named: dict[str, Any]) -> list[Score]:
    from mergelab.jobs import workbench

    return _remembered(options, recipe, workbench.evaluate(**named, **_asked(options)), lambda scores: scores)


def _side_by_side(options: argparse.Namespace, recipe: Recipe | None) -> None:
    from mergelab.jobs import workbench
    from mergelab.jobs.side_by_side_job import MERGED
    from mergelab.report.side_by_side import side_by_side_mapping, side_by_side_table

    if recipe is None or options.lm_eval:
        raise ValueError(
            "--side-by-side compares the merge of a recipe on task sets; name a recipe file, without --lm-eval"
        )
    job = workbench.evaluate_side_by_side(recipe=recipe.to_mapping(), **_asked(options))
    found = _remembered(options, recipe, job, lambda by_model: by_model[MERGED])
    print(json.dumps(side_by_side_mapping(found), indent=2) if options.json else side_by_side_table(found))


def _asked(options: argparse.Namespace) -> dict[str, Any]:
    """The task sets and how they are asked, as jobs take them."""
    return {
        "suite": options.suite,
        "split": options.split,
        "rows": options.rows,
        "tasks": options.tasks,
        "device": options.device,
        "models_dir": options.models_dir,
        "task_files": options.task,
        "head": options.head,
    }


def _harness_scores(options: argparse.Namespace, named: dict[str, Any]) -> list[HarnessScore]:
    from mergelab.jobs import workbench

    found: list[HarnessScore] = followed(
        workbench.evaluate_with_harness(
            options.lm_eval,
            **named,
            limit=options.limit,
            folder=options.lm_eval_path,
            batch=options.lm_eval_batch or 1,
            device=options.device,
            models_dir=options.models_dir,
            task_files=options.task,
            head=options.head,
        )
    )
    return found


def _names(text: str) -> list[str]:
    """Names between commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _remembered(
    options: argparse.Namespace, recipe: Recipe | None, job: ProgressGen[T], scores: Callable[[T], list[Score]]
) -> T:
    """Do the job and remember what it scored; `scores` finds it in the result."""
    from mergelab.jobs.recording.run_facts import model_request, recipe_request, result_of, with_inputs
    from mergelab.runs import RunKind

    if recipe is None:
        request = model_request(options.model, options.device, options.split)
        return remembered(options, request, job, lambda found: result_of("", {}, scores(found)))
    request = recipe_request(RunKind.EVALUATION, Path(options.model).stem, recipe, options.device, options.split)
    hashed = with_inputs(job, recipe, options.models_dir)
    return remembered(options, request, hashed, lambda found: result_of("", found[1], scores(found[0])))[0]


def _plain(score: Score) -> dict[str, Any]:
    """A score without what only comparisons need."""
    return {name: value for name, value in asdict(score).items() if name not in ("answers", "first")}


def _harness_plain(score: HarnessScore) -> dict[str, Any]:
    return {**asdict(score), "source": "lm-evaluation-harness"}


def score_table(scores: Sequence[Score], harness: Sequence[HarnessScore] = ()) -> str:
    """One line per score, and the mean of those that are shares of rows if there are several; then those of
    lm-evaluation-harness with their standard errors, which have no part in the mean."""
    from mergelab.evaluation.scores import mean_score
    from mergelab.evaluation.scores.metrics import find_metric

    shares = [score for score in scores if find_metric(score.metric).is_share]

    lines = [f"{'task':<16}{'split':<12}{'metric':<22}{'value':>7}  {'95 % interval':<16}{'n':>6}"]
    lines += [
        f"{score.task:<16}{score.split:<12}{score.metric:<22}{score.value:>7.3f}  [{score.low:.3f}, {score.high:.3f}]  {score.n:>6}"
        for score in [*scores, *([mean_score(shares)] if len(shares) > 1 else [])]
    ]
    return "\n".join([*lines, *_harness_lines(harness)])


def _harness_lines(harness: Sequence[HarnessScore]) -> list[str]:
    lines = []
    for score in harness:
        metric = score.metric if score.filter == "none" else f"{score.metric} ({score.filter})"
        error = "–" if score.stderr is None else f"± {score.stderr:.3f}"
        lines.append(f"{score.task:<16}{'lm-eval':<12}{metric:<22}{score.value:>7.3f}  {error:<16}{score.n or '–':>6}")
    if harness:
        lines.append(f"lm-eval: lm-evaluation-harness {harness[0].version}; ± is its standard error, not an interval")
    return lines
