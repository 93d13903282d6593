"""The scores of two merges, and whether the same examples tell them apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mergelab.charts import style_of
from mergelab.evaluation.scores import Score, mean_score
from mergelab.evaluation.scores.paired import PairedDifference, mean_difference, paired_difference
from mergelab.jobs.workbench import Run
from mergelab.ui.form.labels import counted
from mergelab.ui.form.short_names import short_names
from mergelab.ui.messages import ComparedScore, ComparedScores
from mergelab.ui.session.chart_data import ComparedRecipes
from mergelab.ui.session.render.scores import NOTHING_TO_SCORE
from mergelab.ui.session.score_tables import difference_message, score_message

SAME = "A and B are the same recipe."
UNCLEAR = "no clear difference"
OTHER_ROWS = "scored on different examples"
ON_THEIR_WAY = "The scores are on their way."
Pair = tuple[Score | None, Score | None]


def compared_scores(found: ComparedRecipes) -> ComparedScores:
    """Both scores of each task with B - A on the same examples, then the mean over the tasks that both were scored on."""
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
    both = [pair for pair in shown.values() if all(pair)]
    mean = mean_difference(list(differences.values())) if differences and len(differences) == len(both) else None
    if len(both) > 1:
        rows.append(_mean_row(both, mean, len(shown)))
    is_same = one.digest == other.digest and not any(each.value for each in differences.values())
    verdict = SAME if is_same else _verdict(list(differences.values()), mean)
    return ComparedScores(rows, verdict, "", ask=False)


def points(difference: float) -> str:
    """A difference of shares in percentage points, with its sign: `+2.1`, `−0.4`, `0.0`."""
    text = f"{100 * difference:+.1f}"
    return "0.0" if text[1:] == "0.0" else text.replace("-", "−")


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
    scores = score_message(first), score_message(second)
    return ComparedScore(title, full, colour, n, *scores, difference_message(difference), _remark(pair, difference))


def _mean_row(pairs: Sequence[Pair], difference: PairedDifference | None, tasks: int) -> ComparedScore:
    """The mean over the tasks that both were scored on."""
    first, second = (mean_score([score for pair in pairs if (score := pair[side])]) for side in (0, 1))
    title = "Mean" if len(pairs) == tasks else f"Mean of the {len(pairs)} that both have"
    return _row(title, title, (first, second), difference, None)


def _remark(pair: Pair, difference: PairedDifference | None) -> str:
    if not all(pair):
        return f"{'B' if pair[0] else 'A'} has no score here"
    if difference is None:
        return OTHER_ROWS
    return "" if difference.is_clear else UNCLEAR


def _verdict(differences: Sequence[PairedDifference], mean: PairedDifference | None) -> str:
    """The mean in one sentence, then how many tasks show a clear difference."""
    if mean is None:
        return "Both were not scored on the same examples, so there is no difference to show."
    where = f"the mean over {counted(len(differences), 'task')}" if len(differences) > 1 else "this task"
    said = f"{points(mean.value)} points, {points(mean.low)} to {points(mean.high)}"
    if not mean.is_clear:
        start = f"No clear difference on {where}: B − A is {said}."
    else:
        start = f"B is {'better' if mean.value > 0 else 'worse'} on {where}: {said}."
    clear = sum(each.is_clear for each in differences)
    return f"{start} Clear on {clear} of {len(differences)} tasks." if len(differences) > 1 else start
