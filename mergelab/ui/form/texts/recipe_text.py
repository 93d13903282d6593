"""A recipe or a mergekit config as text, and the form that says the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from mergelab.checkpoints import list_suites, suite_of
from mergelab.recipe import Recipe, RecipeError, read_yaml
from mergelab.recipe.mergekit import from_mergekit
from mergelab.recipe.other_tools import is_mergekit, looks_like_mergekit
from mergelab.recipe.recipe import is_stack
from mergelab.recipe.recipe_files import is_recipe_file
from mergelab.recipe.stack_recipe import StackRecipe
from mergelab.ui.form.form import MOST_EXPERTS, NO_SPARSIFIER, Form, KnobPlace, Models
from mergelab.ui.form.labels import PLACES
from mergelab.ui.form.model_titles import model_titles
from mergelab.ui.form.texts.stack_text import StackText
from mergelab.ui.form.varied_values import entries_of, own_values_of

NO_BASE = (
    "The recipe has no base, and this page draws what each expert changed of a base: add `base:` (in a mergekit config "
    "`base_model:`) with the model that the experts were fine-tuned from. `mergelab merge` merges the recipe as it is."
)
REORDERED = "The experts stand in the suite's order here. The merge is the same, and the recipe's text lists them in that order."


@dataclass(frozen=True)
class RecipeText:
    """A recipe that was read from a text, with remarks on how it was read."""

    recipe: Recipe
    remarks: tuple[str, ...] = ()

    @property
    def outside(self) -> tuple[str, ...]:
        """The models that are in no suite: opening them reads files, or asks the Hub."""
        return tuple(dict.fromkeys(name for name in _references(self.recipe) if suite_of(name) is None))

    def models(self, edition: int) -> Models:
        """The recipe's suite, or else its models as the person's own, of that edition. Raises RecipeError if the page cannot
        show them."""
        base = self.recipe.base
        if base is None:
            raise RecipeError(NO_BASE)
        chosen = [expert.model for expert in self.recipe.models]
        suite = list_suites().get(suite_of(base) or "")
        if suite and base in (suite.name, f"{suite.name}/base"):
            found = Models.of_suite(suite)
            if set(chosen) <= set(found.titles):
                return found
        if files := [name for name in (base, *chosen) if is_recipe_file(name)]:
            raise RecipeError(
                f"{files[0]} is a recipe file, and the page does not read it: write that recipe into this one as "
                f"`{{recipe: …}}`, or merge it with `mergelab merge {files[0]} --out DIR` and name that folder."
            )
        if len(chosen) > MOST_EXPERTS:
            raise RecipeError(
                f"The recipe merges {len(chosen)} experts; the page takes up to {MOST_EXPERTS}, "
                "the command `mergelab merge` any number."
            )
        nested = self.recipe.nested
        plain = model_titles(name for name in chosen if name not in nested)
        titles = {name: plain.get(name) or _nested_title(nested[name]) for name in chosen}
        return Models(base, titles, edition, nested)

    def form(self, models: Models, before: Form) -> tuple[Form, tuple[str, ...]]:
        """The form of the recipe, with the settings of `before` that no recipe has; and a sentence for everything that the page
        keeps and does not show as it is in the text."""
        recipe = self.recipe
        sparsifier = recipe.sparsify.name if recipe.sparsify else NO_SPARSIFIER
        shown = replace(
            before,
            models=models,
            chosen=tuple(expert.model for expert in recipe.models),
            method=recipe.method.name,
            sparsifier=sparsifier,
            knobs=_knobs(recipe, models),
            weights={expert.model: expert.weight for expert in recipe.models},
            match_norms=recipe.match_norms,
            depth_scale=recipe.depth_scale,
            selection=recipe.selection.to_mapping(),
            seed=recipe.seed,
            dtype=recipe.dtype,
            file_choices=recipe.file_choices,
        )
        spelled = shown.spellings
        shown = replace(shown, layer_entries=entries_of(recipe, spelled), own_knobs=own_values_of(recipe, spelled))
        return shown, (*self.remarks, *_kept(recipe, shown))


def _nested_title(inner: Recipe) -> str:
    return f"{inner.rule.title} of {', '.join(model_titles(one.model for one in inner.models).values())}"


def read_recipe_text(text: str) -> RecipeText | StackText:
    """Read a recipe or a mergekit config, as YAML or JSON. Raises RecipeError with every problem, one sentence a line."""
    if not text.strip():
        raise RecipeError("The text is empty: paste a recipe or a mergekit config, or choose its file.")
    if not _is_config(text):
        given = read_yaml(text, "recipe")
        return StackText(StackRecipe.from_mapping(given)) if is_stack(given) else RecipeText(Recipe.from_yaml(text))
    imported = from_mergekit(text)
    if isinstance(imported.recipe, Recipe):
        return RecipeText(imported.recipe, imported.remarks)
    return StackText(imported.recipe, imported.remarks)


def _is_config(text: str) -> bool:
    if looks_like_mergekit(text):
        return True
    given = read_yaml(text, "recipe")
    return isinstance(given, Mapping) and is_mergekit(given)


def _references(recipe: Recipe) -> Iterator[str]:
    """The models that are no recipes, at any depth."""
    for name in (recipe.base, *(expert.model for expert in recipe.models)):
        if inner := recipe.nested.get(name or ""):
            yield from _references(inner)
        elif name:
            yield name


def _knobs(recipe: Recipe, models: Models) -> dict[KnobPlace, object]:
    """The knobs by their places. What counts the experts counts them in the page's order."""
    listed = [expert.model for expert in recipe.models]
    order = [name for name in models.titles if name in listed]
    steps = {"method": recipe.method, **({"sparsify": recipe.sparsify} if recipe.sparsify else {})}
    knobs: dict[KnobPlace, object] = {}
    for owner, step in steps.items():
        for name, value in step.knobs.items():
            counted = name in PLACES and isinstance(value, int) and 0 < value <= len(listed)
            number = order.index(listed[int(value) - 1]) + 1 if counted else value
            knobs[KnobPlace(owner, step.name, name)] = number
    return knobs


def _kept(recipe: Recipe, form: Form) -> Iterator[str]:
    base = recipe.base or ""
    if form.models.base != base:
        yield f"The base {base} is called {form.models.base} here."
    if [name for name in form.models.titles if name in form.chosen] != list(form.chosen):
        yield REORDERED
    for name in form.models.nested:
        yield f"{name} is itself the merge of a recipe. The page keeps that recipe and merges it as a model, but does not show its knobs."
    if partial := [entry for entry in form.layer_entries if entry.match or entry.layers]:
        places = "; ".join(dict.fromkeys(_place(entry.match, entry.layers) for entry in partial))
        yield f"Some values are for parts of the model ({places}). They stay, and are listed at “per layer” beside each knob that they are about."


def _place(match: str, layers: tuple[int, int] | None) -> str:
    within = f"layers {layers[0]} to {layers[1] - 1}" if layers else ""
    return " in ".join(part for part in (f"names with “{match}”" if match else "", within) if part)
