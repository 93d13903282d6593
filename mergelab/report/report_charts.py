"""The charts of a report, each with its summary and how it is computed; a module of `mergelab.charts` may register more."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from mergelab import charts
from mergelab.analysis.sketch import operating_point
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
"""The static figures that are drawn over layers and modules."""


@report_chart("settings")
def conflict(dossier: InspectionReport) -> Iterator[ReportChart]:
    """Conflict in each layer and module."""
    cells = dossier.preview.cells
    yield ReportChart(
        "conflict",
        "Where signs disagree",
        conflict_heatmap(cells),
        conflict_summary(cells),
        "share of the entries that two or more experts keep in which a positive and a negative change meet",
        tall(cells["layer"].nunique()),
        True,
    )


@report_chart("settings")
def density(dossier: InspectionReport) -> Iterator[ReportChart]:
    """Conflict, cancellation and energy over every density; one expert alone has no curve."""
    if len(dossier.curves) > 1:
        yield ReportChart(
            "density",
            "Over every density",
            rates_over_density(dossier.curves, _place(dossier)),
            density_summary(dossier.curves),
            "conflict as above; cancelled: 1 − Σ|Σd| / Σ|d|; energy kept: mean over experts of Σd² kept / Σd²; the dotted "
            "line is this recipe's density",
            320,
        )


@report_chart("settings")
def sizes(dossier: InspectionReport) -> Iterator[ReportChart]:
    """The magnitudes of each expert's changes."""
    shown = dossier.preview
    experts = shown.experts["expert"].tolist()
    yield ReportChart(
        "sizes",
        "How large the changes are",
        magnitude_histogram(
            shown.histogram, shown.experts, short_names(experts), {name: place for place, name in enumerate(experts)}
        ),
        histogram_summary(shown.experts, short_names(experts)),
        "log₁₀|d| of every changed entry, share per decade; the upright lines are each expert's smallest kept change",
        320,
    )


@report_chart("settings")
def pairs(dossier: InspectionReport) -> Iterator[ReportChart]:
    """Conflict and cosine of each pair of experts."""
    for name, values, what, signed in (
        ("pair-conflict", dossier.pairs.conflict, "conflict", False),
        ("pair-cosine", dossier.pairs.cosines, "cosine", True),
    ):
        yield ReportChart(
            name,
            f"Pairs of experts: {what}",
            pair_matrix(dossier.pairs.experts, values, what, signed),
            matrix_summary(dossier.pairs.experts, values, what),
            f"{DEFINITIONS[what].formula}, of what this recipe keeps",
            tall(len(dossier.pairs.experts)),
        )


@report_chart("models")
def maps(dossier: InspectionReport) -> Iterator[ReportChart]:
    """Some static figures over layers and modules."""
    static = dossier.static
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
def features(dossier: InspectionReport) -> Iterator[ReportChart]:
    """How alike the models' features are; only suites have the rows for it."""
    static = dossier.static
    if static.features is not None and (static.features["status"] == "measured").any():
        yield ReportChart(
            "features",
            "How alike the features are",
            feature_lines(static.features, static.experts),
            features_summary(static.features, static.experts),
            f"{DEFINITIONS['cka'].formula}; {DEFINITIONS['cka'].tells}",
            340,
            True,
        )


def _place(dossier: InspectionReport) -> float | None:
    cut = operating_point(Recipe.from_mapping(dossier.recipe))
    return cut.place if cut.knob else None


# After the charts above, so that those of other modules follow them.
for _module in pkgutil.iter_modules(charts.__path__):
    importlib.import_module(f"{charts.__name__}.{_module.name}")


def charts_of(section: Section, dossier: InspectionReport) -> list[ReportChart]:
    """Every registered chart of a section; none of "settings" where the figures at the recipe's settings are unknown."""
    if section == "settings" and dossier.preview.label == "unknown":
        return []
    return [chart for place, draw in REPORT_CHARTS.values() if place == section for chart in draw(dossier)]
