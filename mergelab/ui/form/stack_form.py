"""The state of the sidebar for a stack that comes from elsewhere, such as a recipe file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mergelab.checkpoints import list_suites
from mergelab.recipe import STACK
from mergelab.recipe.stack_recipe import StackRecipe
from mergelab.ui.form.form import Form, Models
from mergelab.ui.form.slice_lines import slices_text


def form_of_stack(given: Mapping[str, Any], opening: Form, edition: int) -> Form:
    """The form whose `stack()` is the stack of this mapping, with the run settings of `opening`.

    Its models are those of a suite if all of the stack's are. Otherwise they are the person's own, of this `edition`: the
    caller makes them known with `ModelSources.take`. Raises RecipeError with a sentence for each problem.
    """
    recipe = StackRecipe.from_mapping(given)
    models = _models(recipe, edition)
    lines = slices_text(recipe, models.names_with_base)
    return replace(opening, models=models, chosen=tuple(models.titles), method=STACK, slices=lines, dtype=recipe.dtype)


def _models(recipe: StackRecipe, edition: int) -> Models:
    others, suites = recipe.models[1:], list_suites()
    if recipe.base in suites:
        models = Models.of_suite(suites[recipe.base])
        if set(others) <= set(models.titles):
            return models
    return Models.typed(recipe.base, "\n".join(others or (recipe.base,)), edition)
