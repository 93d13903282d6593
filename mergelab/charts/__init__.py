"""Charts and their texts, built from tables; nothing here reads weights."""

from mergelab.charts.axis_names import brief_names, layer_name, module_name
from mergelab.charts.conflict_heatmap import (
    HEADLINE,
    RATES,
    by_conflict,
    conflict_heatmap,
    conflict_summary,
    difference_heatmap,
    grid,
)
from mergelab.charts.damage_heatmap import damage_heatmap, damage_summary
from mergelab.charts.density_curves import LINES, cosine_curves, cosines, density_curves, dots_at
from mergelab.charts.expert_matrices import conflict_matrix, cosine_matrix, kept_heatmap, kept_summary, pairs_summary
from mergelab.charts.magnitude_bars import histogram_summary, magnitude_histogram
from mergelab.charts.objective_front import objective_front
from mergelab.charts.parallel_settings import parallel_settings
from mergelab.charts.score_bars import score_bars, scores_summary
from mergelab.charts.score_over_setting import score_over_setting
from mergelab.charts.setting_axis import SettingAxis
from mergelab.charts.setting_heatmap import fills_a_grid, setting_heatmap
from mergelab.charts.setting_plane import setting_plane
from mergelab.charts.shares_map import shares_map, shares_summary
from mergelab.charts.style import DIVERGING, HEAT, OVERLAID, STYLES, Picture, Style, percent, plain, rows_of, style_of

__all__ = [
    "DIVERGING",
    "HEADLINE",
    "HEAT",
    "LINES",
    "OVERLAID",
    "RATES",
    "STYLES",
    "Picture",
    "SettingAxis",
    "Style",
    "brief_names",
    "by_conflict",
    "conflict_heatmap",
    "conflict_matrix",
    "conflict_summary",
    "cosine_curves",
    "cosine_matrix",
    "cosines",
    "damage_heatmap",
    "damage_summary",
    "density_curves",
    "difference_heatmap",
    "dots_at",
    "fills_a_grid",
    "grid",
    "histogram_summary",
    "kept_heatmap",
    "kept_summary",
    "layer_name",
    "magnitude_histogram",
    "module_name",
    "objective_front",
    "pairs_summary",
    "parallel_settings",
    "percent",
    "plain",
    "rows_of",
    "score_bars",
    "score_over_setting",
    "scores_summary",
    "setting_heatmap",
    "setting_plane",
    "shares_map",
    "shares_summary",
    "style_of",
]
