"""Which cards and key numbers of the Lab say something about a recipe, by what its rules declare."""

from __future__ import annotations

from collections.abc import Callable

from mergelab.analysis.preview import AMONG_SHARED, CONFLICTING, shares_changes
from mergelab.analysis.sketch import drops
from mergelab.recipe import Recipe

ALONE = "Needs at least two experts."
"""What stands in a card about experts that disagree, if there is only one."""
AFTER_MERGE = "Press Merge to see how much each expert decides: a merge computes the statistics for it."


def has_pairs(recipe: Recipe) -> bool:
    """Whether there are experts that can disagree."""
    return len(recipe.models) > 1


def has_shares(recipe: Recipe) -> bool:
    """Whether each expert has a share of the result: of a sum or a mean of changes, or of a mean by strengths."""
    return shares_changes(recipe.rule) or recipe.rule.strengths is not None


def combines_plainly(recipe: Recipe) -> bool:
    """Whether a sketch tells the merged change, and so its cosine with each expert's: for methods that declare how they
    combine changes. A sum of weights also scales the base unless its factors sum to 1."""
    if recipe.rule.space == "weights" and recipe.rule.combines == "sum":
        return abs(sum(expert.weight for expert in recipe.models) - 1) < 1e-6
    return recipe.rule.combines is not None


Need = Callable[[Recipe], bool]
CARDS: dict[str, Need] = {"curves": drops, "kept": drops, "shares": has_shares}
"""Cards that are drawn only for some recipes; the others always are, or say what they need."""
NUMBERS: dict[str, Need] = {
    CONFLICTING: has_pairs,
    AMONG_SHARED: has_pairs,
    "Shared weights": has_pairs,
    "Cancelled": has_pairs,
    "Kept": drops,
    "Energy kept": drops,
}


def hidden_cards(recipe: Recipe) -> list[str]:
    """The cards that say nothing about the recipe."""
    return [name for name, applies in CARDS.items() if not applies(recipe)]


def shows_number(name: str, recipe: Recipe) -> bool:
    """Whether a key number says something about the recipe."""
    return NUMBERS[name](recipe)
