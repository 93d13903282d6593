"""An inspection report as one self-contained HTML page, with plotly.js, style and data embedded."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from mergelab import __version__
from mergelab.analysis.static import DEFINITIONS, InspectionReport
from mergelab.charts.feature_similarity import features_summary
from mergelab.charts.figure_layout import short_names
from mergelab.charts.plotlyjs.cartesian_bundle import script
from mergelab.charts.report_chart import ReportChart
from mergelab.report.json_report import plain
from mergelab.report.report_charts import charts_of
from mergelab.report.text_tables import (
    TextGrid,
    coverage_table,
    coverage_words,
    expert_table,
    group_table,
    pair_table,
    skipped_words,
    tensor_table,
)

TEMPLATE = Path(__file__).with_name("html_page.html")


def page(report: InspectionReport) -> str:
    """The HTML of the whole page; the same report gives the same HTML."""
    live, static = charts_of("settings", report), charts_of("models", report)
    pictures = {chart.name: plain(vars(chart.picture)) for chart in (*live, *static)}
    parts = {
        "title": html.escape(f"{report.title}: interference"),
        "plotly": script(),
        "pictures": _script_safe(json.dumps(pictures, allow_nan=False)),
        "content": "\n".join(_content(report, live, static)),
    }
    head, *rest = TEMPLATE.read_text(encoding="utf-8").split("<!-- ")
    filled = [head]
    for chunk in rest:
        name, _, after = chunk.partition(" -->")
        filled.append(parts[name] + after)
    return "".join(filled)


def _script_safe(text: str) -> str:
    """JSON escaped so that no text in it can close the script element."""
    return text.replace("<", "\\u003c")


def _content(report: InspectionReport, live: Sequence[ReportChart], static: Sequence[ReportChart]) -> Iterator[str]:
    yield from _head(report)
    yield "<h2>At these settings</h2>"
    yield f'<p class="quiet">{_text(report.preview.label)}: {_text(report.preview.remark)}</p>'
    if live:
        yield _numbers(report)
        yield _charts(live)
    yield "<h2>Before any method</h2>"
    yield '<p class="quiet">The experts\' changes, which do not depend on any setting.</p>'
    yield _grid(expert_table(report.static))
    if len(report.static.experts) > 1:
        yield _grid(pair_table(report.static))
    yield _charts(static)
    if not any(chart.name == "features" for chart in static) and report.static.features is not None:
        yield f'<p class="quiet">{_text(features_summary(report.static.features, report.static.experts))}</p>'
    yield from _tables(report)
    yield from _definitions()
    yield f"<footer>MergeLab {__version__} · recipe {report.digest}</footer>"


def _head(report: InspectionReport) -> Iterator[str]:
    names = short_names(report.static.experts)
    base = report.recipe["base"]
    onto = f" onto {_text(base)}" if base else ""
    yield f"<header><h1>{_text(report.title)}: interference</h1>"
    yield f"<p>{', '.join(_text(name) for name in names.values())}{onto}. {_text(coverage_words(report.static))}</p>"
    yield from (f'<p class="quiet">{_text(note)}</p>' for note in report.notes)
    recipe = yaml.safe_dump(report.recipe, sort_keys=False, allow_unicode=True)
    yield f"<details><summary>The recipe</summary><pre>{_text(recipe)}</pre></details></header>"


def _numbers(report: InspectionReport) -> str:
    boxes = (
        f"<div><dt>{_text(number.name)}</dt><dd>{_text(number.text)}</dd><dd>{_text(number.help)}</dd></div>"
        for number in report.preview.numbers
    )
    return f'<dl class="numbers">{"".join(boxes)}</dl>'


def _charts(charts: Iterable[ReportChart]) -> str:
    return f'<div class="charts">{"".join(map(_chart, charts))}</div>'


def _chart(chart: ReportChart) -> str:
    wide = ' class="wide"' if chart.wide else ""
    return (
        f"<figure{wide}><figcaption><h3>{_text(chart.title)}</h3><p>{_text(chart.summary)}</p></figcaption>"
        f'<div class="plot" id="{chart.name}" role="img" aria-label="{_text(f"{chart.title}. {chart.summary}")}" '
        f'style="height: {chart.height}px"></div>{_lines(chart)}<p class="computed">How it is computed: {_text(chart.computed)}.</p></figure>'
    )


def _lines(chart: ReportChart) -> str:
    """A legend with the style and name of each line; lines of a group are named once."""
    drawn = [trace for trace in chart.picture.data if trace["type"] == "scatter" and trace.get("name")]
    named = {trace.get("legendgroup", trace["name"]): trace for trace in drawn}
    looks = (
        f'<li><span style="border-color: {trace["line"]["color"]}; border-top-style: {_stroke(trace)}"></span>{_text(name)}</li>'
        for name, trace in named.items()
    )
    return f'<ul class="legend">{"".join(looks)}</ul>' if drawn else ""


def _stroke(trace: dict[str, Any]) -> str:
    return "solid" if trace["line"].get("dash") == "solid" else "dashed"


def _tables(report: InspectionReport) -> Iterator[str]:
    static = report.static
    yield "<h2>By module, layer and tensor</h2>"
    yield _grid(group_table(static, "module"))
    yield f"<details><summary>By layer</summary>{_grid(group_table(static, 'layer'))}</details>"
    yield f"<details><summary>Every tensor</summary>{_grid(tensor_table(static))}</details>"
    yield "<h2>What is missing, and why</h2>"
    yield from (f"<p>{_text(sentence)}</p>" for sentence in skipped_words(static))
    others = coverage_table(static)
    yield _grid(others) if others.rows else "<p>Every tensor of the base is merged.</p>"


def _definitions() -> Iterator[str]:
    rows = [[each.title, each.of, each.formula, each.tells, each.unit, each.source] for each in DEFINITIONS.values()]
    columns = ["figure", "of", "how it is computed", "what it shows", "unit, range", "source"]
    yield "<h2>How the figures are computed</h2>"
    yield "<p>d is a delta, expert − base, in float32, before anything is dropped or weighted; sums are float64.</p>"
    yield _grid(TextGrid("Definitions", columns, rows, prose=True))


def _grid(grid: TextGrid) -> str:
    look = " prose" if grid.prose else ""
    head = "".join(f'<th scope="col">{_text(column)}</th>' for column in grid.columns)
    body = "".join(f"<tr>{_cells(row)}</tr>" for row in grid.rows)
    return (
        f'<div class="scroll{look}" tabindex="0" role="region" aria-label="{_text(grid.caption)}"><table>'
        f"<caption>{_text(grid.caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cells(row: Sequence[str]) -> str:
    first, *rest = row
    return f'<th scope="row">{_text(first)}</th>' + "".join(f"<td>{_text(cell)}</td>" for cell in rest)


def _text(text: object) -> str:
    return html.escape(str(text))
