"""Pictures from data frames: what is drawn, in which colours, with which words. Nothing here reads a weight."""

from mergelab.plots.curves import LINES, cosine_curves, density_curves
from mergelab.plots.heatmap import RATES, conflict_heatmap, conflict_summary, difference_heatmap, grid
from mergelab.plots.histogram import histogram_summary, magnitude_histogram
from mergelab.plots.matrices import cosine_matrix, kept_heatmap, kept_summary, pair_matrix, pairs_summary
from mergelab.plots.places import layer_name, module_name
from mergelab.plots.scores import score_bars, scores_summary
from mergelab.plots.style import DIVERGING, HEAT, OVERLAID, STYLES, Picture, Style, percent, plain, rows_of, style_of

__all__ = [
    "DIVERGING",
    "HEAT",
    "LINES",
    "OVERLAID",
    "RATES",
    "STYLES",
    "Picture",
    "Style",
    "conflict_heatmap",
    "conflict_summary",
    "cosine_curves",
    "cosine_matrix",
    "density_curves",
    "difference_heatmap",
    "grid",
    "histogram_summary",
    "kept_heatmap",
    "kept_summary",
    "layer_name",
    "magnitude_histogram",
    "module_name",
    "pair_matrix",
    "pairs_summary",
    "percent",
    "plain",
    "rows_of",
    "score_bars",
    "scores_summary",
    "style_of",
]
