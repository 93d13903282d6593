"""One pass over all deltas that answers for every value of a knob at once."""

from mergelab.sketch.curves import BIN_ERROR, GRID, Curves, Sketch, grid_place
from mergelab.sketch.cuts import Cut, cut_of, sketch_needs, trims
from mergelab.sketch.drawing import draw_sketch, ranked

__all__ = [
    "BIN_ERROR",
    "GRID",
    "Curves",
    "Cut",
    "Sketch",
    "cut_of",
    "draw_sketch",
    "grid_place",
    "ranked",
    "sketch_needs",
    "trims",
]
