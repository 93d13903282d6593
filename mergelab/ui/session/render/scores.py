"""The scores of one split: the table, the bars and the mean."""

from __future__ import annotations

from mergelab.charts import score_bars, scores_summary, style_of
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.jobs.workbench import MergeScores
from mergelab.ui.form.figure_words import word_of
from mergelab.ui.form.labels import counted
from mergelab.ui.messages import FigureState, ScoreLegend, ScoreRow, Scores, ScoreState
from mergelab.ui.session.render.scores_by_model import AnyScores
from mergelab.ui.session.score_tables import RunScores, headline, main_score, score_frame, table

NOTHING_TO_SCORE = "No scores: the chosen models have no task sets. Add some under “Your own models”."
CHIPS: dict[ScoreState, FigureState] = {
    "scoring": "updating",
    "stopped": "measured",
    "measured": "measured",
    "updating": "updating",
    "outdated": "outdated",
}
"""What each state of scores is called among those of all figures."""
NOTICES = {
    "measured": "A good merge stays close to every task’s own expert.",
    "outdated": "These scores belong to an earlier recipe. Press Merge to score the current one.",
    "updating": "Scores of an earlier recipe. Those of the current one are on their way.",
}


def render_scores(found: RunScores) -> Scores:
    """A split's table, its bars and its mean."""
    run, places = found.run, found.models.places
    frame, rows = score_frame(run, found.tasks, places), table(run, found.tasks, found.models, found.state == "stopped")
    finished = rows and found.state not in ("scoring", "stopped")
    chip = CHIPS.get(found.state) if rows else None
    return Scores(
        state=found.state if rows else "none",
        chip=word_of(chip) if chip else "",
        chip_state=chip,
        about=_about(run),
        digest=run.digest,
        rows=rows,
        figure=score_bars(frame),
        summary=scores_summary(frame) if finished else "",
        notice=NOTICES.get(found.state) or _so_far(found),
        split=run.split,  # type: ignore[arg-type]
        legend=_legend(rows),
        empty="" if rows else NOTHING_TO_SCORE,
        headline=headline(found, rows),
        settled=found.settled,
    )


def render_unscored(sentence: str, settled: bool = False) -> Scores:
    """What stands in place of the scores before there are any. Scores of other models disappear with it."""
    return Scores("none", "", None, "", None, (), None, "", "", None, (), sentence, settled=settled)


def mean_in_words(run: AnyScores) -> str:
    """`mean 77.6 % (75–79)`, without "mean" for a single share; `1.83 (1.79–1.87) bits per byte, lower is better` for a single
    score on a scale of its own, and `2 tasks` for several."""
    main = main_score(run.scores)
    if main is None:
        return counted(len(run.scores), "task")
    notation = find_metric(main.metric).notation
    told = f"{notation.score(main.value)} ({notation.ends(main.low, main.high)})"
    shares = sum(find_metric(score.metric).is_share for score in run.scores)
    return f"mean {told}" if shares > 1 else told if shares else f"{told} {notation.scale}"


def scored_of(run: MergeScores) -> str:
    """`3 of 7 tasks` or, once all have a score, `175 of 1,400 examples`."""
    done = len(run.scores)
    if run.waiting:
        return f"{done} of {counted(done + len(run.waiting), 'task')}"
    n, asked = (sum(getattr(score, name) for score in run.scores) for name in ("n", "asked"))
    return f"{n:,} of {counted(asked, 'example')}"


def _legend(rows: list[ScoreRow]) -> tuple[ScoreLegend, ...]:
    """The kinds of bars; an expert's bar has its own colour, for which that of the first one stands. Experts that answer
    other tasks than their own are dots, each in its colour."""
    place = next((row.place for row in rows if row.place is not None), None)
    others = {each.title: ScoreLegend(each.title, each.colour) for row in rows for each in row.experts}
    if place is None and not others:
        return ()
    own = () if place is None else (ScoreLegend("task’s expert", style_of(place).colour),)
    return ScoreLegend("base", "--ml-base"), *own, *others.values(), ScoreLegend("merged", "--ml-ink")


def _so_far(found: RunScores) -> str:
    if not isinstance(found.run, MergeScores):
        return ""
    told = scored_of(found.run)
    if found.state == "stopped":
        return f"Stopped after {told}. Press Merge to score the rest."
    if found.run.waiting:
        return f"{told} scored. The mean comes with the last one."
    return f"{told} answered. The intervals narrow with every block of examples."


def _about(run: AnyScores) -> str:
    return f"Scores of recipe {run.digest[:8]}, {counted(run.parameters, 'weight')}, on {run.device}"
