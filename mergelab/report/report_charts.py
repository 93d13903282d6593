"""The charts of a report, each with a summary and how it is computed; modules of `mergelab.charts` may register more."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from mergelab import charts
from mergelab.analysis.sketch import drops, operating_point
from mergelab.analysis.static import DEFINITIONS, InspectionReport
from mergelab.charts import conflict_heatmap, conflict_summary, histogram_summary, magnitude_histogram
from mergelab.charts.feature_similarity import feature_lines, features_summary
from mergelab.charts.figure_layout import short_names
from mergelab.charts.layer_heatmap import cells_of, layer_map, layer_summary
from mergelab.charts.pair_matrix import matrix_summary, pair_matrix
from mergelab.charts.rates_over_density import density_summary, rates_over_density
from mergelab.charts.report_chart import REPORT_CHARTS, ReportChart, Section, report_chart, tall
from mergelab.recipe import Recipe

MAPS = ("relative_norm", "energy", "right_overlap")
"""The static figures drawn as heatmaps of layers and modules."""


@report_chart("settings")
def conflict(report: InspectionReport) -> Iterator[ReportChart]:
    """The conflicting weights per layer and module; none for a single expert."""
    cells = report.preview.cells
    if len(report.recipe["models"]) < 2:
        return
    yield ReportChart(
        "conflict",
        "Conflicting weights",
        conflict_heatmap(cells),
        conflict_summary(cells),
        "the share of all weights for which experts keep both a positive and a negative change; the colours follow its square root",
        tall(cells["layer"].nunique()),
        True,
    )


@report_chart("settings")
def density(report: InspectionReport) -> Iterator[ReportChart]:
    """Conflicts, cancellation and energy over the density, for recipes that drop something."""
    if len(report.curves) > 1 and drops(Recipe.from_mapping(report.recipe)):
        yield ReportChart(
            "density",
            "Figures over the density",
            rates_over_density(report.curves, _place(report)),
            density_summary(report.curves),
            "conflicting weights as a share of all weights, conflict among shared weights as a share of those that two or more "
            "experts keep; cancelled: 1 − Σ|Σd| / Σ|d|; energy kept: mean over experts of Σd² kept / Σd²; the dotted "
            "line is this recipe's density",
            320,
        )


@report_chart("settings")
def sizes(report: InspectionReport) -> Iterator[ReportChart]:
    """The magnitude histogram of each expert's changes."""
    shown = report.preview
    experts = shown.experts["expert"].tolist()
    yield ReportChart(
        "sizes",
        "Magnitude of the changes",
        magnitude_histogram(
            shown.histogram, shown.experts, short_names(experts), {name: place for place, name in enumerate(experts)}
        ),
        histogram_summary(shown.experts, short_names(experts)),
        "log₁₀|d| of every changed weight, share per decade; the vertical lines are each expert's smallest kept change",
        320,
    )


@report_chart("settings")
def pairs(report: InspectionReport) -> Iterator[ReportChart]:
    """The conflict among shared weights, and the cosine, of each pair of experts."""
    for name, values, what, signed in (
        ("pair-conflict", report.pairs.conflict, "conflict", False),
        ("pair-cosine", report.pairs.cosines, "cosine", True),
    ):
        yield ReportChart(
            name,
            f"Pairs of experts: {DEFINITIONS[what].title}",
            pair_matrix(report.pairs.experts, values, DEFINITIONS[what].title, signed),
            matrix_summary(report.pairs.experts, values, DEFINITIONS[what].title),
            f"{DEFINITIONS[what].formula}, of what this recipe keeps",
            tall(len(report.pairs.experts)),
        )


@report_chart("models")
def maps(report: InspectionReport) -> Iterator[ReportChart]:
    """Heatmaps of the static figures in `MAPS` over layers and modules."""
    static = report.static
    for figure in MAPS:
        if found := cells_of(static.groups, figure):
            told = DEFINITIONS[figure]
            yield ReportChart(
                f"map-{figure}",
                f"{told.title[0].upper()}{told.title[1:]}",
                layer_map(static.groups, figure),
                layer_summary(static.groups, figure),
                f"{told.formula}; mean over experts or pairs. It tells {told.tells}",
                tall(len({cell["layer"] for cell in found})),
                True,
            )


@report_chart("models")
def features(report: InspectionReport) -> Iterator[ReportChart]:
    """The similarity of the models' features, for which only suites have the rows."""
    static = report.static
    if static.features is not None and (static.features["status"] == "measured").any():
        yield ReportChart(
            "features",
            "Similarity of the features",
            feature_lines(static.features, static.experts),
            features_summary(static.features, static.experts),
            f"{DEFINITIONS['cka'].formula}; {DEFINITIONS['cka'].tells}",
            340,
            True,
        )


def _place(report: InspectionReport) -> float | None:
    point = operating_point(Recipe.from_mapping(report.recipe))
    return point.position if point.knob else None


for _module in pkgutil.iter_modules(charts.__path__):
    importlib.import_module(f"{charts.__name__}.{_module.name}")


def charts_of(section: Section, report: InspectionReport) -> list[ReportChart]:
    """All registered charts of a section, those of this module first; none for "settings" if its figures are unknown."""
    if section == "settings" and report.preview.label == "unknown":
        return []
    ordered = sorted(REPORT_CHARTS.values(), key=lambda entry: entry[1].__module__ != __name__)
    return [chart for place, draw in ordered if place == section for chart in draw(report)]
