"""One pass over all deltas that answers for every value of a knob at once."""

from mergelab.analysis.sketch.build import draw_sketch, ranked
from mergelab.analysis.sketch.curves import BIN_ERROR, GRID, SIZE_BITS, Curve, Curves, Sketch, grid_place, pairs_of
from mergelab.analysis.sketch.operating_point import Cut, cut_of, sketch_needs, trims

__all__ = [
    "BIN_ERROR",
    "GRID",
    "SIZE_BITS",
    "Curve",
    "Curves",
    "Cut",
    "Sketch",
    "cut_of",
    "draw_sketch",
    "grid_place",
    "pairs_of",
    "ranked",
    "sketch_needs",
    "trims",
]
