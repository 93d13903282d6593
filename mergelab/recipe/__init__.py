"""The recipe: the whole description of one merge. Overrides, differences, presets and mergekit's YAML stand beside it."""

from mergelab.recipe.recipe import ALGORITHM, DTYPE, SEED, Expert, Recipe, RecipeError, Step, read_yaml

__all__ = ["ALGORITHM", "DTYPE", "SEED", "Expert", "Recipe", "RecipeError", "Step", "read_yaml"]
