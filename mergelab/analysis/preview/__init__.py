"""Previews of a recipe: how much the experts conflict, where, and how that changes with the density."""

from mergelab.analysis.preview.exact import exact_preview
from mergelab.analysis.preview.expert_shares import shares_changes
from mergelab.analysis.preview.histogram import Histogram, histogram
from mergelab.analysis.preview.kept_sums import Figures
from mergelab.analysis.preview.over_density import curves, halving
from mergelab.analysis.preview.pairs import Pairs, clashing_cells, pairs, pairs_in
from mergelab.analysis.preview.preview import AMONG_SHARED, CONFLICTING, Number, Preview, narrowed, preview

__all__ = [
    "AMONG_SHARED",
    "CONFLICTING",
    "Figures",
    "Histogram",
    "Number",
    "Pairs",
    "Preview",
    "clashing_cells",
    "curves",
    "exact_preview",
    "halving",
    "histogram",
    "narrowed",
    "pairs",
    "pairs_in",
    "preview",
    "shares_changes",
]
