"""The charts of the HTML page, each with a summary and how it is computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mergelab.analysis.sketch import operating_point
from mergelab.analysis.static import DEFINITIONS, InspectionReport
from mergelab.charts import Picture, conflict_heatmap, conflict_summary, histogram_summary, magnitude_histogram
from mergelab.charts.feature_similarity import feature_lines, features_summary
from mergelab.charts.figure_layout import short_names
from mergelab.charts.layer_heatmap import cells_of, layer_map, layer_summary
from mergelab.charts.pair_matrix import matrix_summary, pair_matrix
from mergelab.charts.rates_over_density import density_summary, rates_over_density
from mergelab.recipe import Recipe

MAPS = ("relative_norm", "energy", "right_overlap")
"""The static figures drawn as heatmaps of layers and modules."""


@dataclass(frozen=True)
class Chart:
    """One chart of the page: `height` is in pixels, `wide` charts use the full width, `summary` describes the picture."""

    name: str
    title: str
    picture: Picture
    summary: str
    computed: str
    height: int = 300
    wide: bool = False


def live_charts(report: InspectionReport) -> Iterator[Chart]:
    """The charts for the recipe's settings, from the sketch; none if the sketch does not cover these settings."""
    shown = report.preview
    if shown.label == "unknown":
        return
    experts, layers = shown.experts["expert"].tolist(), shown.cells["layer"].nunique()
    yield Chart(
        "conflict",
        "Where signs disagree",
        conflict_heatmap(shown.cells),
        conflict_summary(shown.cells),
        "of the entries that two or more experts keep, the share in which a positive and a negative change meet",
        _tall(layers),
        True,
    )
    if len(report.curves) > 1:
        yield Chart(
            "density",
            "Figures over the density",
            rates_over_density(report.curves, _place(report)),
            density_summary(report.curves),
            "conflict as above; cancelled: 1 − Σ|Σd| / Σ|d|; energy kept: mean over experts of Σd² kept / Σd²; the dotted "
            "line is this recipe's density",
            320,
        )
    yield Chart(
        "sizes",
        "Magnitude of the changes",
        magnitude_histogram(
            shown.histogram, shown.experts, short_names(experts), {name: place for place, name in enumerate(experts)}
        ),
        histogram_summary(shown.experts, short_names(experts)),
        "log₁₀|d| of every changed entry, share per decade; the vertical lines are each expert's smallest kept change",
        320,
    )
    for name, values, what, signed in (
        ("pair-conflict", report.pairs.conflict, "conflict", False),
        ("pair-cosine", report.pairs.cosines, "cosine", True),
    ):
        yield Chart(
            name,
            f"Pairs of experts: {what}",
            pair_matrix(report.pairs.experts, values, what, signed),
            matrix_summary(report.pairs.experts, values, what),
            f"{DEFINITIONS[what].formula}, of what this recipe keeps",
            _tall(len(experts)),
        )


def static_charts(report: InspectionReport) -> Iterator[Chart]:
    """The charts that do not depend on any setting."""
    static = report.static
    for figure in MAPS:
        if found := cells_of(static.groups, figure):
            told = DEFINITIONS[figure]
            yield Chart(
                f"map-{figure}",
                f"{told.title[0].upper()}{told.title[1:]}",
                layer_map(static.groups, figure),
                layer_summary(static.groups, figure),
                f"{told.formula}; mean over experts or pairs. It tells {told.tells}",
                _tall(len({cell["layer"] for cell in found})),
                True,
            )
    if static.features is not None and (static.features["status"] == "measured").any():
        yield Chart(
            "features",
            "Similarity of the features",
            feature_lines(static.features, static.experts),
            features_summary(static.features, static.experts),
            f"{DEFINITIONS['cka'].formula}; {DEFINITIONS['cka'].tells}",
            340,
            True,
        )


def _tall(rows: int) -> int:
    return max(200, 26 * rows + 90)


def _place(report: InspectionReport) -> float | None:
    point = operating_point(Recipe.from_mapping(report.recipe))
    return point.place if point.knob else None
