"""What a person reads off a recipe: how far experts conflict, where, and how that changes with the density."""

from mergelab.diagnostics.counting import exact_preview
from mergelab.diagnostics.curves import curves, halving
from mergelab.diagnostics.figures import Figures
from mergelab.diagnostics.histogram import Histogram, histogram
from mergelab.diagnostics.pairs import Pairs, pairs, pairs_in
from mergelab.diagnostics.preview import Number, Preview, narrowed, preview

__all__ = [
    "Figures",
    "Histogram",
    "Number",
    "Pairs",
    "Preview",
    "curves",
    "exact_preview",
    "halving",
    "histogram",
    "narrowed",
    "pairs",
    "pairs_in",
    "preview",
]
