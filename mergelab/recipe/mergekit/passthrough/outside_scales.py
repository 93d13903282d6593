"""Finds scales that mergekit also applies outside of the layers, which a stack recipe copies as they are."""

from __future__ import annotations

from collections.abc import Iterator

from mergelab.recipe.mergekit.layer_overrides import AFTER, BEFORE
from mergelab.recipe.stack_recipe import StackRecipe


def outside_scales(recipe: StackRecipe) -> Iterator[str]:
    """One sentence per end of the stack whose embeddings, or final norm and head, mergekit would scale."""
    for which, part, names in (("first", recipe.slices[0], BEFORE), ("last", recipe.slices[-1], AFTER)):
        reached = [name for name in names if part.factor(name) != 1.0]
        if reached:
            yield (
                f"the scale of the {which} slice also reaches tensors outside of the layers in mergekit ({', '.join(reached)}), "
                "but a stack recipe copies these as they are: give it filters, such as o_proj, that match none of them"
            )
