"""One pass over all deltas that answers for every value of a knob at once."""

from mergelab.analysis.sketch.build import build_sketch, ranked
from mergelab.analysis.sketch.curves import BIN_ERROR, GRID, SIZE_BITS, Curve, Curves, Sketch, grid_position, pairs_of
from mergelab.analysis.sketch.operating_point import OperatingPoint, drops, operating_point, sketch_needs, trims

__all__ = [
    "BIN_ERROR",
    "GRID",
    "SIZE_BITS",
    "Curve",
    "Curves",
    "OperatingPoint",
    "Sketch",
    "build_sketch",
    "drops",
    "grid_position",
    "operating_point",
    "pairs_of",
    "ranked",
    "sketch_needs",
    "trims",
]
