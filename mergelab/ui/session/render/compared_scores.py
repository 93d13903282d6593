"""The scores of two merges, and whether the same examples tell them apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mergelab.charts import style_of
from mergelab.evaluation.scores import Score, mean_score
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.evaluation.scores.paired import PairedDifference, mean_difference, paired_difference
from mergelab.jobs.workbench import Run
from mergelab.ui.form.labels import counted
from mergelab.ui.form.short_names import short_names
from mergelab.ui.messages import ComparedScore, ComparedScores
from mergelab.ui.session.chart_data import ComparedRecipes
from mergelab.ui.session.render.score_messages import difference_message, score_message
from mergelab.ui.session.render.scores import NOTHING_TO_SCORE

SAME = "A and B are the same recipe."
OTHER_ROWS = "scored on different examples"
ON_THEIR_WAY = "The scores are on their way."
Pair = tuple[Score | None, Score | None]


def compared_scores(found: ComparedRecipes) -> ComparedScores:
    """Both scores of each task with B - A on the same examples, then the mean over the tasks whose scores are shares and that
    both were scored on."""
    one, other = found.runs
    if one is None or other is None or not found.tasks:
        return _missing(found)
    pairs = {task: (_of(one, task), _of(other, task)) for task in found.tasks}
    shown = {task: pair for task, pair in pairs.items() if any(pair)}
    differences = {task: each for task, pair in shown.items() if (each := _difference(pair))}
    titles = {task: found.tasks[task].title for task in shown}
    short, places = short_names(titles), {**found.sides[0].models.places, **found.sides[1].models.places}
    rows = [
        _row(short[task], titles[task], pair, differences.get(task), _colour(places, found.tasks[task].expert))
        for task, pair in shown.items()
    ]
    shares = {task: pair for task, pair in shown.items() if found.tasks[task].is_share}
    both = [pair for pair in shares.values() if all(pair)]
    known = [differences[task] for task in shares if task in differences]
    mean = mean_difference(known) if known and len(known) == len(both) else None
    if len(both) > 1:
        rows.append(_mean_row(both, mean, len(shares)))
    is_same = one.digest == other.digest and not any(each.value for each in differences.values())
    return ComparedScores(rows, SAME if is_same else _verdict(found, differences, mean, len(both)), "", ask=False)


def _missing(found: ComparedRecipes) -> ComparedScores:
    """Why there are no scores to compare, and what to do."""
    if not found.tasks:
        return ComparedScores((), "", NOTHING_TO_SCORE, ask=False)
    if found.follows:
        return ComparedScores((), "", ON_THEIR_WAY, ask=False)
    names = [name for name, run in zip("AB", found.runs, strict=True) if run is None]
    said = f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} not scored yet."
    return ComparedScores((), "", said, ask=True)


def _of(run: Run, task: str) -> Score | None:
    return next((score for score in run.scores if score.task == task), None)


def _difference(pair: Pair) -> PairedDifference | None:
    first, second = pair
    return paired_difference(first, second) if first and second else None


def _colour(places: Mapping[str, int], expert: str) -> str | None:
    return style_of(places[expert]).colour if expert in places else None


def _row(title: str, full: str, pair: Pair, difference: PairedDifference | None, colour: str | None) -> ComparedScore:
    first, second = pair
    n = max(score.n for score in pair if score)
    metric = find_metric(next(score.metric for score in pair if score))
    return ComparedScore(
        title=title,
        full=full,
        colour=colour,
        is_mean=False,
        n=n,
        scale="" if metric.is_share else metric.notation.scale,
        a=score_message(first),
        b=score_message(second),
        difference=difference_message(difference),
        remark=_remark(pair, difference),
    )


def _mean_row(pairs: Sequence[Pair], difference: PairedDifference | None, tasks: int) -> ComparedScore:
    """The mean over the tasks that both were scored on."""
    first, second = (mean_score([score for pair in pairs if (score := pair[side])]) for side in (0, 1))
    title = "Mean" if len(pairs) == tasks else f"Mean of the {len(pairs)} that both have"
    return replace(_row(title, title, (first, second), difference, None), is_mean=True)


def _remark(pair: Pair, difference: PairedDifference | None) -> str:
    if not all(pair):
        return f"{'B' if pair[0] else 'A'} has no score here"
    return difference.words if difference else OTHER_ROWS


def _verdict(
    compared: ComparedRecipes, differences: Mapping[str, PairedDifference], mean: PairedDifference | None, shares: int
) -> str:
    """The mean, or else the only difference, in one sentence; then how many tasks show which is better."""
    found = list(differences.values())
    told = mean or (found[0] if len(found) == 1 and not shares else None)
    clear = sum(each.is_clear for each in found)
    if told is None and (shares or not found):
        return "Both were not scored on the same examples, so there is no difference to show."
    if told is None:
        better = sum(each.verdict == "better" for each in found)
        return (
            f"B is better on {better} and worse on {clear - better} of {len(found)} tasks, which have no common scale."
        )
    where = f"the mean over {counted(shares, 'task')}" if shares > 1 else "this task"
    if shares == 1 and len(found) > 1:
        where = next(
            f"“{face.title}”" for task, face in compared.tasks.items() if face.is_share and task in differences
        )
    start = _start(told, where)
    return f"{start} Clear on {clear} of {len(found)} tasks." if len(found) > 1 else start


def _start(told: PairedDifference, where: str) -> str:
    notation = find_metric(told.metric).notation
    said = f"{notation.difference(told.value)} {notation.unit}, {notation.difference_ends(told.low, told.high)}"
    match told.verdict:
        case "unclear":
            return f"A and B are {told.words} on {where}: B − A is {said}."
        case "negligible":
            return f"There is {told.words} on {where}: B − A is {said}."
        case _:
            return f"B is {told.words} on {where}: {said}."
