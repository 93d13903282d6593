"""One tensor as a map: block sums at every resolution, single weights after every step and why, the strongest conflicts."""

from mergelab.analysis.tensor_map.block_sums import FIELDS, Cells, Pyramid
from mergelab.analysis.tensor_map.build_map import TensorMap, build_map
from mergelab.analysis.tensor_map.conflicts_between import conflicts_between
from mergelab.analysis.tensor_map.coordinates import Coordinates, read_coordinates
from mergelab.analysis.tensor_map.grid import MOST, TensorGrid, Window
from mergelab.analysis.tensor_map.map_cache import cached_map
from mergelab.analysis.tensor_map.recipe_steps import StepValues
from mergelab.analysis.tensor_map.strongest_conflicts import Conflicts
from mergelab.analysis.tensor_map.tensor_session import TensorSession
from mergelab.analysis.tensor_map.weight_reasons import WeightReasons

__all__ = [
    "FIELDS",
    "MOST",
    "Cells",
    "Conflicts",
    "Coordinates",
    "Pyramid",
    "StepValues",
    "TensorGrid",
    "TensorMap",
    "TensorSession",
    "WeightReasons",
    "Window",
    "build_map",
    "cached_map",
    "conflicts_between",
    "read_coordinates",
]
