"""The scores of one split: the table and the bars."""

from __future__ import annotations

from mergelab.charts import score_bars, scores_summary
from mergelab.ui.form.labels import counted
from mergelab.ui.messages import ScoreLegend, Scores
from mergelab.ui.session.score_tables import RunScores, score_frame, table

NOTHING_TO_SCORE = "These models have no task sets, so there are no scores. Charts and Export work all the same."
LEGEND = (
    ScoreLegend("base", "--ml-base"),
    ScoreLegend("the task’s own expert (in its colour)", "--ml-own"),
    ScoreLegend("merged", "--ml-ink"),
)
NOTICES = {
    "stale": "These scores belong to an earlier recipe. Press Merge to score the current one.",
    "updating": "Scores of an earlier recipe. Those of the current one are on their way.",
}


def render_scores(found: RunScores) -> Scores:
    """A split's table, and its bars."""
    run, places = found.run, found.models.places
    frame, rows = score_frame(run, found.tasks, places), table(run, found.tasks, places)
    return Scores(
        state=found.state if rows else "none",
        about=_about(found),
        digest=run.digest,
        rows=rows,
        figure=score_bars(frame),
        summary=scores_summary(frame) if rows else NOTHING_TO_SCORE,
        notice=NOTICES.get(found.state, "A good merge stays close to each task’s own expert, on every task at once."),
        split=run.split,  # type: ignore[arg-type]
        legend=LEGEND if rows else (),
        empty=NOTHING_TO_SCORE,
    )


def render_unscored(sentence: str) -> Scores:
    """What stands in place of the scores before there are any. Scores of other models disappear with it."""
    return Scores("none", "", None, (), None, sentence, "", None, (), sentence)


def _about(found: RunScores) -> str:
    run = found.run
    which = f"merge {found.number}" if found.number else "the live merge"
    return f"Scores of {which}, recipe {run.digest[:8]}, {counted(run.parameters, 'parameter')} on {run.device}"
