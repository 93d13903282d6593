"""Remembered runs as the message of the Runs tab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas

from mergelab.charts import score_over_setting
from mergelab.evaluation.scores import Score
from mergelab.evaluation.scores.metrics import find_metric
from mergelab.recipe import Recipe, RecipeError
from mergelab.runs import RunRecord
from mergelab.runs.comparable_runs import bases_of, largest_group, left_a_race, rows_behind
from mergelab.runs.run_columns import columns_of, run_settings, score_column, table_columns, with_mean
from mergelab.ui.form.labels import counted
from mergelab.ui.form.setting_words import SettingWords
from mergelab.ui.messages import RunCell, RunChart, RunColumn, RunList, RunRow, RunsRequest
from mergelab.ui.session.remembering.listed_runs import ListedRuns

OWN_PLACE = frozenset(
    {"run", "name", "state", "kind", "created", "starred", "note", "tags", "group", "error", "weights", "health"}
)
"""What a row says without a column."""
TITLES = {"seconds": "Seconds", "device": "Device"}
WORDS = SettingWords({})
NOTHING_TO_DRAW = "The chart needs runs with scores that differ in a setting."


def run_list(listed: ListedRuns, visit: str, asked: RunsRequest, reproduced: str = "", problem: str = "") -> RunList:
    """The runs with the columns in which they differ, and a score over one of these columns."""
    runs = listed.runs
    rows = {run.id: columns_of(run) for run in runs}
    scores = {run.id: {score_column(s.task, s.split): s for s in with_mean(_scores(run))} for run in runs}
    names = [name for name in table_columns(runs, list(rows.values())) if name not in OWN_PLACE]
    columns = [_column(name, rows, scores) for name in names]
    shown = [_row(run, rows[run.id], scores[run.id], columns, visit, _models(run, listed)) for run in runs]
    chart = run_chart(runs, rows, scores, columns, asked)
    models, chosen, more = listed.choices, listed.chosen, listed.more
    return RunList(shown, columns, models, chosen, more, asked.archived, chart, None, reproduced, problem)


def _models(run: RunRecord, listed: ListedRuns) -> str:
    """What the run's models are called where runs of several are listed."""
    return listed.titles[listed.bases[run.id]] if len({listed.bases[each.id] for each in listed.runs}) > 1 else ""


def run_chart(
    runs: Sequence[RunRecord],
    rows: Mapping[int, Mapping[str, Any]],
    scores: Mapping[int, Mapping[str, Score]],
    columns: Sequence[RunColumn],
    asked: RunsRequest,
) -> RunChart:
    """The chosen score over the chosen setting; where nothing fitting is chosen, the first score over the first number."""
    settings = [column for column in columns if column.is_number and not column.is_score]
    found = [column for column in columns if column.is_score]
    x = next((column for column in settings if column.name == asked.x), settings[0] if settings else None)
    y = next((column for column in found if column.name == asked.y), found[0] if found else None)
    if x is None or y is None:
        return RunChart("", y.name if y else "", None, NOTHING_TO_DRAW)
    points = [
        {
            "x": rows[run.id][x.name],
            "value": score.value,
            "low": score.low,
            "high": score.high,
            "number": run.id,
            "words": f"Run {run.id} · {run.request.name}: {_told(score)}",
        }
        for run in runs
        if (score := scores[run.id].get(y.name)) and rows[run.id].get(x.name) is not None
    ]
    if not points:
        return RunChart(x.name, y.name, None, NOTHING_TO_DRAW)
    metric = find_metric(next(score for of in scores.values() if (score := of.get(y.name))).metric)
    summary = f"{counted(len(points), 'run')}. {_best(runs, points, scores, y.name)}"
    return RunChart(
        x.name, y.name, score_over_setting(pandas.DataFrame(points), x.title, y.title, metric.is_share), summary
    )


def _best(
    runs: Sequence[RunRecord], points: Sequence[Mapping[str, Any]], scores: Mapping[int, Mapping[str, Score]], y: str
) -> str:
    """The best of the points that may be ranked: on the same rows, and not out of a race."""
    bases, places = bases_of(runs), {point["number"]: point for point in points}
    among = {
        run.id: f"{bases[run.id]}: {rows_behind(_scores(run), scores[run.id][y])}" for run in runs if run.id in places
    }
    ranked = largest_group(among, left_a_race(runs))
    is_more = find_metric(scores[ranked[0]][y].metric).higher_is_better
    best = (max if is_more else min)((places[number] for number in ranked), key=lambda point: float(point["value"]))
    behind = rows_behind(_scores(next(run for run in runs if run.id == best["number"])), scores[best["number"]][y])
    of = "" if len(ranked) == len(points) else f" of the {counted(len(ranked), 'run')} on the same rows, {behind}"
    return f"The best{of}: run {best['number']} at {best['x']:g}."


def _column(name: str, rows: Mapping[int, Mapping[str, Any]], scores: Mapping[int, Mapping[str, Score]]) -> RunColumn:
    values = [row[name] for row in rows.values() if row.get(name) is not None]
    is_number = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    is_score = any(name in of for of in scores.values())
    return RunColumn(name, name if is_score else TITLES.get(name) or WORDS.label(name), is_number, is_score)


def _row(
    run: RunRecord,
    row: Mapping[str, Any],
    scores: Mapping[str, Score],
    columns: Sequence[RunColumn],
    visit: str,
    models: str,
) -> RunRow:
    settings = run_settings(run.request.recipe) if run.request.recipe else {}
    cells = {
        column.name: _score_cell(run, scores[column.name], models)
        if column.name in scores
        else _cell(column.name, settings.get(column.name, row[column.name]))
        for column in columns
        if column.name in row
    }
    return RunRow(
        run.id,
        run.request.name,
        models,
        run.state.value,
        run.request.kind.value,
        run.created.isoformat(),
        bool(visit) and run.request.group == visit,
        run.starred,
        run.archived,
        run.note,
        sorted(run.tags),
        _yaml(run),
        cells,
    )


def _score_cell(run: RunRecord, score: Score, models: str) -> RunCell:
    notation = find_metric(score.metric).notation
    beside = f"{notation.ends(score.low, score.high)}, n = {score.n:,}"
    among = f"{models}: {rows_behind(_scores(run), score)}" if models else rows_behind(_scores(run), score)
    return RunCell(notation.score(score.value), float(score.value), beside, among, score.n)


def _cell(name: str, value: Any) -> RunCell:
    kept = value if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
    if isinstance(value, float):
        return RunCell(f"{value:.4g}", value)
    return RunCell(WORDS.value(name, value), float(kept) if isinstance(kept, int) else kept)


def _yaml(run: RunRecord) -> str:
    """The recipe; empty text where there is none, or none that this version can read."""
    try:
        return Recipe.from_mapping(run.request.recipe).to_yaml() if run.request.recipe else ""
    except RecipeError:
        return ""


def _scores(run: RunRecord) -> tuple[Score, ...]:
    return run.result.scores if run.result else ()


def _told(score: Score) -> str:
    notation = find_metric(score.metric).notation
    return f"{notation.score(score.value)} ({notation.ends(score.low, score.high)}), n = {score.n}"
