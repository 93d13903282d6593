"""How many cells show a damage that is more than chance, beside how many would without any."""

from __future__ import annotations

from mergelab.analysis.damage.damage_map import DamageMap
from mergelab.analysis.damage.treatments import RESTORES

BY_CHANCE = 0.05
"""The share of 95 % intervals that exclude 0 where there is no damage."""


def clear_sentence(found: DamageMap, task: str = "") -> str:
    """The number of intervals that exclude 0, of the cells that were asked so far, on a task or in the mean over all."""
    asked = [cell for cell in found.cells if not found.is_unchanged(cell, task)]
    if found.cells and not asked:
        return f"Nothing would change: the merge has the tensors of {RESTORES[found.restore]} everywhere. Put back something else."
    known = [damage for cell in asked if (damage := found.damage(cell, task))]
    clear = sum(damage.excludes_zero for damage in known)
    return f"{clear} of {len(known)} intervals exclude 0; by chance alone about {BY_CHANCE * len(known):.0f} would."
