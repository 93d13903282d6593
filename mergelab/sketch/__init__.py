"""One pass over all deltas that answers for every value of a knob at once."""

from mergelab.sketch.curves import BIN_ERROR, GRID, SIZE_BITS, Curve, Curves, Sketch, grid_place, pairs_of
from mergelab.sketch.cuts import Cut, cut_of, sketch_needs, trims
from mergelab.sketch.drawing import draw_sketch, ranked

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
