"""Recipes: complete descriptions of a merge, with overrides, diffs, presets and conversion from and to mergekit."""

from mergelab.recipe.recipe import (
    DTYPE,
    MOST_PROBLEMS,
    SEED,
    STACK,
    Expert,
    Recipe,
    RecipeError,
    Step,
    read_file,
    read_mapping_file,
    read_yaml,
)
from mergelab.recipe.written_recipe import ALGORITHM

__all__ = [
    "ALGORITHM",
    "DTYPE",
    "MOST_PROBLEMS",
    "SEED",
    "STACK",
    "Expert",
    "Recipe",
    "RecipeError",
    "Step",
    "read_file",
    "read_mapping_file",
    "read_yaml",
]
