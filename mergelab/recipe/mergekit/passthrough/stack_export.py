"""Export of stack recipes as mergekit configs with the method passthrough."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from mergelab.recipe.mergekit.config import PASSTHROUGH
from mergelab.recipe.mergekit.model_reference import written_reference
from mergelab.recipe.mergekit.passthrough.outside_scales import outside_scales
from mergelab.recipe.mergekit.values import LayerwiseValue, literal, said, write_said
from mergelab.recipe.recipe import RecipeError
from mergelab.recipe.stack_recipe import Slice, StackRecipe


def stack_to_mergekit(recipe: StackRecipe) -> str:
    """The mergekit config of a stack; `from_mergekit` restores the recipe.

    Raises RecipeError with every reason why mergekit cannot build the stack.
    """
    problems = list(_problems(recipe))
    if problems:
        raise RecipeError.of(problems)
    config = {
        "slices": [{"sources": [_source(recipe, part)]} for part in recipe.slices],
        "merge_method": PASSTHROUGH,
        "base_model": recipe.base,
        **({"dtype": recipe.dtype} if recipe.dtype != "base" else {}),
    }
    text = str(yaml.safe_dump(config, sort_keys=False, allow_unicode=True, default_flow_style=None))
    return f"# Written by MergeLab for mergekit 0.1.5.\n{text}"


def _problems(recipe: StackRecipe) -> Iterator[str]:
    for name in recipe.models:
        if "+" in name:
            yield f"mergekit reads the + in {name} as an adapter: rename the folder"
    ends = ("embeddings", "first", recipe.slices[0]), ("head", "last", recipe.slices[-1])
    for field, which, part in ends:
        given = getattr(recipe, field) or recipe.base
        if given != part.model:
            yield f"mergekit takes the {field} from the {which} slice, {part.model}, not from {given}: set {field}: {part.model}"
    for number, part in enumerate(recipe.slices, 1):
        for scale in part.scale:
            try:
                literal(scale.match)
            except ValueError as error:
                yield f"scale in entry {number} of slices: {error}"
    yield from outside_scales(recipe)


def _source(recipe: StackRecipe, part: Slice) -> dict[str, Any]:
    source = {"model": written_reference(recipe.base, part.model), "layer_range": list(part.layers)}
    if not part.scale:
        return source
    meant = LayerwiseValue(1.0, tuple((scale.match, scale.factor) for scale in part.scale))
    return {**source, "parameters": {"scale": write_said(said(meant))}}
