"""Recipes: complete descriptions of a merge, with overrides, diffs, presets and conversion from and to mergekit."""

from mergelab.recipe.recipe import (
    ALGORITHM,
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
