"""A dossier as text for a terminal."""

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


def text(dossier: InspectionReport) -> str:
    """The numbers above the charts, then the static figures of the model and of its modules."""
    return "\n".join(_lines(dossier)) + "\n"


def _lines(dossier: InspectionReport) -> Iterator[str]:
    shown, static = dossier.preview, dossier.static
    yield f"{dossier.title} on {dossier.recipe['base'] or 'no base'}, recipe {dossier.digest[:8]}"
    yield coverage_words(static)
    yield ""
    yield f"At these settings ({shown.label}: {shown.remark})"
    yield from (f"  {number.name:<12} {number.text:>8}  {number.help}" for number in shown.numbers)
    if shown.label != "unknown":
        yield f"  {conflict_summary(shown.cells)}"
        if len(dossier.curves) > 1:
            yield f"  {density_summary(dossier.curves)}"
    yield ""
    for grid in (expert_table(static), pair_table(static), group_table(static, "module"), coverage_table(static)):
        if grid.rows:
            yield from aligned(grid)
            yield ""
    yield from (f"skipped: {sentence}" for sentence in skipped_words(static))
    yield "Definitions: docs/figures.md, and in the output of --json. Every tensor: --json FILE or --html FILE."


def aligned(grid: TextGrid) -> Iterator[str]:
    """The caption, the heads and the rows, columns as wide as their longest entry; names and prose to the left."""
    table = [list(grid.columns), *map(list, grid.rows)]
    widths = [max(len(row[place]) for row in table) for place in range(len(grid.columns))]
    yield grid.caption
    yield from ("  " + "  ".join(_cells(row, widths, grid.prose)).rstrip() for row in table)


def _cells(row: Sequence[str], widths: Sequence[int], prose: bool) -> list[str]:
    side = str.ljust if prose else str.rjust
    rest = [side(entry, width) for entry, width in zip(row[1:], widths[1:], strict=True)]
    return [row[0].ljust(widths[0]), *rest]
