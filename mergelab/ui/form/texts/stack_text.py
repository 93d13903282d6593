"""A stack that comes as text, such as a recipe file, and the form that says the same."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mergelab.checkpoints import list_suites, suite_of
from mergelab.recipe import STACK
from mergelab.recipe.stack_recipe import StackRecipe
from mergelab.ui.form.form import Form, Models
from mergelab.ui.form.texts.slice_lines import slices_text


@dataclass(frozen=True)
class StackText:
    """A stack that was read from a text, with remarks on how it was read."""

    recipe: StackRecipe
    remarks: tuple[str, ...] = ()

    @property
    def outside(self) -> tuple[str, ...]:
        """The models that are in no suite: opening them reads files, or asks the Hub."""
        return tuple(name for name in dict.fromkeys(self.recipe.models) if suite_of(name) is None)

    def models(self, edition: int) -> Models:
        """The models of a suite if all of the stack's are, or else the person's own, of that edition. Raises RecipeError if the
        page cannot show them."""
        recipe, suites = self.recipe, list_suites()
        others = recipe.models[1:]
        if recipe.base in suites:
            models = Models.of_suite(suites[recipe.base])
            if set(others) <= set(models.titles):
                return models
        return Models.typed(recipe.base, "\n".join(others or (recipe.base,)), edition)

    def form(self, models: Models, before: Form) -> tuple[Form, tuple[str, ...]]:
        """The form whose `stack()` is this stack, with the run settings of `before`; and the remarks."""
        lines, dtype = slices_text(self.recipe, models.names_with_base), self.recipe.dtype
        chosen = tuple(models.titles)
        return replace(before, models=models, chosen=chosen, method=STACK, slices=lines, dtype=dtype), self.remarks
