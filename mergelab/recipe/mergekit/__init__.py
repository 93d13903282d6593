"""Conversion between recipes and mergekit configs that keeps mergekit's numbers.

Three differences remain. mergekit keeps floor(density · count) entries per tensor and picks arbitrarily among equal
magnitudes; MergeLab keeps round(density · count) and keeps or drops equal magnitudes together. Random drops have the
same probabilities but use different bits, so other entries survive. mergekit computes in the config's `dtype`; MergeLab
computes in float32 and rounds once.
"""

from mergelab.recipe.mergekit.exporting import to_mergekit
from mergelab.recipe.mergekit.importing import Imported, from_mergekit
from mergelab.recipe.mergekit.method_table import stages_of

__all__ = ["Imported", "from_mergekit", "stages_of", "to_mergekit"]
