"""One tensor as a map: block sums at every resolution, single coordinates at every step, its strongest conflicts."""

from mergelab.tensor_map.blocks import FIELDS, Cells, Pyramid
from mergelab.tensor_map.building import TensorMap, build_map
from mergelab.tensor_map.conflicts import Conflicts
from mergelab.tensor_map.coordinates import Coordinates, read_coordinates
from mergelab.tensor_map.desk import Desk
from mergelab.tensor_map.grid import MOST, Grid, Window
from mergelab.tensor_map.keeping import kept_map
from mergelab.tensor_map.steps import Step

__all__ = [
    "FIELDS",
    "MOST",
    "Cells",
    "Conflicts",
    "Coordinates",
    "Desk",
    "Grid",
    "Pyramid",
    "Step",
    "TensorMap",
    "Window",
    "build_map",
    "kept_map",
    "read_coordinates",
]
