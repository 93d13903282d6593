"""What each place of a merge costs: right answers that come back if something else stands in one layer and module group."""

from mergelab.analysis.damage.clear_cells import clear_sentence
from mergelab.analysis.damage.conflict_correlation import conflict_correlation, correlation_sentence
from mergelab.analysis.damage.damage_map import CellDamage, DamageMap
from mergelab.analysis.damage.measuring import DamageMeasurement
from mergelab.analysis.damage.restoring_recipe import restoring_recipe
from mergelab.analysis.damage.treatments import RESTORES

__all__ = [
    "RESTORES",
    "CellDamage",
    "DamageMap",
    "DamageMeasurement",
    "clear_sentence",
    "conflict_correlation",
    "correlation_sentence",
    "restoring_recipe",
]
