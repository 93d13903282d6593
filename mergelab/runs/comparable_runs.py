"""Which runs may be ranked by a score: those of the same models that answered the same number of rows of the same tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mergelab.evaluation.scores import Score
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.runs.run_columns import MEAN
from mergelab.runs.run_record import RunKind, RunRecord


def bases_of(runs: Sequence[RunRecord]) -> dict[int, str]:
    """The base of each run by its number. A model that was scored as it is belongs to the base that a recipe merges it onto,
    and is its own base if there is none."""
    recipes = [run.request.recipe for run in runs if run.request.recipe]
    onto = {_reference(expert): str(recipe.get("base")) for recipe in recipes for expert in recipe.get("models", [])}
    return {
        run.id: str(run.request.recipe.get("base"))
        if run.request.recipe
        else onto.get(run.request.name, run.request.name)
        for run in runs
    }


def rows_behind(scores: Sequence[Score], score: Score) -> str:
    """The tasks and rows behind one of a run's scores, in words; behind a mean, those of all scores that are shares of rows."""
    shares = [each for each in scores if find_metric(each.metric).is_share]
    behind = sorted(shares, key=lambda each: each.task) if score.task == MEAN else [score]
    counts = [each.n for each in behind]
    each = " each" if len(counts) > 1 else ""
    told = f"{counts[0]:,} rows{each}" if len(set(counts)) == 1 else " + ".join(f"{n:,}" for n in counts) + " rows"
    return f"{', '.join(each.task for each in behind)} ({score.split}), {told}"


def left_a_race(runs: Sequence[RunRecord]) -> set[int]:
    """The numbers of the points of sweeps that answered fewer rows than others of their sweep."""
    points = [run for run in runs if run.request.kind is RunKind.SWEEP_POINT]
    most: dict[str, int] = {}
    for run in points:
        most[run.request.group] = max(most.get(run.request.group, 0), _rows(run))
    return {run.id for run in points if _rows(run) < most[run.request.group]}


def largest_group(among: Mapping[int, str], out: set[int]) -> list[int]:
    """The numbers of the runs to rank: the most that have the same words in `among`, without those that left a race.

    The newest run decides between groups of one size. All runs count if each has left a race.
    """
    counted = {number: words for number, words in among.items() if number not in out} or dict(among)
    groups: dict[str, list[int]] = {}
    for number, words in counted.items():
        groups.setdefault(words, []).append(number)
    return max(groups.values(), key=lambda numbers: (len(numbers), max(numbers)), default=[])


def _rows(run: RunRecord) -> int:
    return sum(score.n for score in run.result.scores) if run.result else 0


def _reference(expert: object) -> str:
    return str(expert["model"]) if isinstance(expert, Mapping) else str(expert)
