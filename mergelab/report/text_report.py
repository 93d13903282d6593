"""An inspection report as text for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mergelab.analysis.static import InspectionReport
from mergelab.charts import conflict_summary
from mergelab.charts.rates_over_density import density_summary
from mergelab.report.text_tables import (
    TextGrid,
    coverage_table,
    coverage_words,
    expert_table,
    group_table,
    pair_table,
    skipped_words,
)


def text(report: InspectionReport) -> str:
    """The numbers for the recipe's settings, then the static figures of the model and its modules."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: InspectionReport) -> Iterator[str]:
    shown, static = report.preview, report.static
    yield f"{report.title} on {report.recipe['base'] or 'no base'}, recipe {report.digest[:8]}"
    yield coverage_words(static)
    yield ""
    yield f"At these settings ({shown.label}: {shown.remark})"
    wide = max(len(number.name) for number in shown.numbers)
    yield from (f"  {number.name:<{wide}} {number.text:>8}  {number.help}" for number in shown.numbers)
    if shown.label != "unknown":
        yield f"  {conflict_summary(shown.cells)}"
        if len(report.curves) > 1:
            yield f"  {density_summary(report.curves)}"
    yield ""
    for grid in (expert_table(static), pair_table(static), group_table(static, "module"), coverage_table(static)):
        if grid.rows:
            yield from aligned(grid)
            yield ""
    yield from (f"note: {sentence}" for sentence in report.notes)
    yield from (f"skipped: {sentence}" for sentence in skipped_words(static))
    yield "Definitions: docs/figures.md, and in the output of --json. Every tensor: --json FILE or --html FILE."


def aligned(grid: TextGrid) -> Iterator[str]:
    """The caption, the header and the rows, in columns as wide as their longest entry; names and prose left-aligned."""
    table = [list(grid.columns), *map(list, grid.rows)]
    widths = [max(len(row[place]) for row in table) for place in range(len(grid.columns))]
    yield grid.caption
    yield from ("  " + "  ".join(_cells(row, widths, grid.prose)).rstrip() for row in table)


def _cells(row: Sequence[str], widths: Sequence[int], prose: bool) -> list[str]:
    side = str.ljust if prose else str.rjust
    rest = [side(entry, width) for entry, width in zip(row[1:], widths[1:], strict=True)]
    return [row[0].ljust(widths[0]), *rest]
