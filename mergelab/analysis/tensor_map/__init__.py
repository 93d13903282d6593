"""One tensor as a map: block sums at every resolution, single coordinates at every step, its strongest conflicts."""

from mergelab.analysis.tensor_map.block_sums import FIELDS, Cells, Pyramid
from mergelab.analysis.tensor_map.build_map import TensorMap, build_map
from mergelab.analysis.tensor_map.coordinates import Coordinates, read_coordinates
from mergelab.analysis.tensor_map.grid import MOST, Grid, Window
from mergelab.analysis.tensor_map.map_cache import cached_map
from mergelab.analysis.tensor_map.recipe_steps import Step
from mergelab.analysis.tensor_map.strongest_conflicts import Conflicts
from mergelab.analysis.tensor_map.tensor_session import TensorSession

__all__ = [
    "FIELDS",
    "MOST",
    "Cells",
    "Conflicts",
    "Coordinates",
    "Grid",
    "Pyramid",
    "Step",
    "TensorMap",
    "TensorSession",
    "Window",
    "build_map",
    "cached_map",
    "read_coordinates",
]
