"""Runs as rows of a table: what was asked, what was found, and which of it differs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mergelab.evaluation.scores import Score, mean_score
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.recipe import Recipe, RecipeError
from mergelab.recipe.diff import settings_in, settings_of
from mergelab.runs.run_record import RunRecord

ALWAYS = ("run", "name", "state")
"""Columns that tell runs apart even where nothing else does."""
MEAN = "mean"


def columns_of(run: RunRecord) -> dict[str, Any]:
    """All that is known of a run as plain values by column, in reading order.

    A setting has its path in the recipe, as in `mergelab.recipe.diff`. A score has its task and split, a figure its name.
    """
    request, result = run.request, run.result
    found: dict[str, Any] = {"run": run.id, "name": request.name, "state": run.state.value, "kind": request.kind.value}
    found |= {name: _plain(value) for name, value in run_settings(request.recipe).items()} if request.recipe else {}
    if result:
        found |= {score_column(score.task, score.split): score.value for score in with_mean(result.scores)}
        found |= {**result.figures, "seconds": result.seconds, "health": result.health, "weights": result.weights}
    said = {"note": run.note, "starred": run.starred, "tags": ", ".join(sorted(run.tags)), "error": run.error}
    return found | said | {"device": request.device, "group": request.group, "created": run.created.isoformat()}


def run_settings(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a run's recipe by their paths, as they are: an override is a list of mappings."""
    try:
        return settings_of(Recipe.from_mapping(recipe))
    except RecipeError:  # of a version that knew other knobs
        return settings_in(recipe)


def score_column(task: str, split: str) -> str:
    """The column of a task's score."""
    return f"{task} ({split})"


def with_mean(scores: Sequence[Score]) -> list[Score]:
    """The scores, and in front the mean of those that are shares of rows if there are several."""
    shares = [score for score in scores if find_metric(score.metric).is_share]
    return [*([mean_score(shares)] if len(shares) > 1 else []), *scores]


def differing(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns in which the rows differ, in their order; a row without the column differs from one that has it."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return [name for name in names if name in ALWAYS or len({repr(row.get(name)) for row in rows}) > 1]


def table_columns(
    runs: Sequence[RunRecord], rows: Sequence[Mapping[str, Any]], *, all_columns: bool = False
) -> list[str]:
    """The columns of a table of runs in reading order; `rows` are their `columns_of`. Those that do not differ only with `all_columns`."""
    names = list(dict.fromkeys(name for row in rows for name in row)) if all_columns else differing(rows)
    found = [score for run in runs if run.result for score in with_mean(run.result.scores)]
    return in_reading_order(names, rows, {score_column(score.task, score.split) for score in found})


def in_reading_order(names: Sequence[str], rows: Sequence[Mapping[str, Any]], scores: Collection[str]) -> list[str]:
    """Columns as a person reads them: what names a run, means, the other scores, what differs, and last what only some runs say of a model.

    A score that more runs have comes first.
    """

    def place(name: str) -> tuple[int, int]:
        if name in ALWAYS:
            return -1, 0
        lacking = sum(row.get(name) is None for row in rows)
        if name in scores:
            return (0 if name.startswith(f"{MEAN} (") else 1), lacking
        is_of_a_model = name.startswith("expert ") or " of " in name
        return (3 if is_of_a_model and lacking else 2), 0

    return sorted(names, key=place)


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)
