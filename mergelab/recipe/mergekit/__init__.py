"""Recipes from mergekit's YAML and back, each of its methods to the reading that gives its numbers.

Two things cannot be carried over. mergekit keeps floor(density · count) entries of each tensor and breaks equal magnitudes
arbitrarily; here round(density · count) are kept, equal magnitudes together. And random drops come from other bits: the
same probabilities, other entries. mergekit works in the config's `dtype`; here numbers are float32 inside, rounded once.
"""

from mergelab.recipe.mergekit.exporting import to_mergekit
from mergelab.recipe.mergekit.importing import Imported, from_mergekit
from mergelab.recipe.mergekit.method_table import stages_of

__all__ = ["Imported", "from_mergekit", "stages_of", "to_mergekit"]
