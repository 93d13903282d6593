"""Reads the recipe files that a recipe names as models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mergelab.recipe.nesting import DEEPEST, each_model, models_of, told_inside, with_recipes
from mergelab.recipe.recipe import Recipe, RecipeError
from mergelab.runtime.folders.models_folder import place_inside, told_outside

SUFFIXES = (".yml", ".yaml", ".json")


def with_recipe_files(given: Mapping[str, Any], models_dir: Path | None = None) -> Mapping[str, Any]:
    """A recipe's mapping, in which recipes stand in place of the files that it or a recipe in it names as models.

    Relative paths start at the working directory, plain names at `models_dir` if it is given; no file outside of it is
    read then. Raises RecipeError for a file that is missing, outside, invalid, or contains itself.
    """
    try:
        return _Reading(models_dir).expanded(given) if isinstance(given, Mapping) else given
    except OSError as error:
        raise RecipeError(f"a recipe file cannot be opened: {error.strerror or type(error).__name__}") from error


def is_recipe_file(model: object) -> bool:
    """Whether a model is named as recipe files are."""
    return isinstance(model, str) and "\0" not in model and Path(model).suffix.lower() in SUFFIXES


@dataclass(frozen=True)
class _Reading:
    models_dir: Path | None
    chain: tuple[Path, ...] = ()
    """The files that are being read, each named by the one before it."""
    depth: int = 0
    known: dict[Path, Recipe] = field(default_factory=dict)

    def expanded(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.depth > DEEPEST:
            return given  # refused when it is checked
        inner = each_model(given, self._inline)
        files = {model: path for model in models_of(inner) if (path := self._path_of(model))}
        return (
            with_recipes(inner, {model: self._read(model, path) for model, path in files.items()}) if files else inner
        )

    def _inline(self, place: str, model: Any) -> Any:
        if not isinstance(model, Mapping) or not isinstance(model.get("recipe"), Mapping):
            return model
        try:
            return {**model, "recipe": self._deeper(self.chain).expanded(model["recipe"])}
        except RecipeError as error:
            raise RecipeError(told_inside(place, error)) from error

    def _deeper(self, chain: tuple[Path, ...]) -> _Reading:
        return _Reading(self.models_dir, chain, self.depth + 1, self.known)

    def _path_of(self, model: Any) -> Path | None:
        """The path of the recipe file that a model names; None for other models."""
        if not is_recipe_file(model):
            return None
        named = Path(model).expanduser() if model.startswith("~/") else Path(model)
        relative = model.startswith(("./", "../")) or named.is_absolute()
        path: Path | None = named if relative or self.models_dir is None else self.models_dir / named
        if self.models_dir is not None and path is not None:
            path = place_inside(self.models_dir, path)
        if path is None:
            raise RecipeError(told_outside(model))
        return None if path.is_dir() else path

    def _read(self, model: str, path: Path) -> Recipe:
        real = path.resolve()
        if real in self.chain:
            loop = [*self.chain[self.chain.index(real) :], real]
            names = " → ".join(each.name for each in loop)
            raise RecipeError(f"the recipe {model} contains itself ({names}); name a folder or another recipe")
        if len(self.chain) >= DEEPEST:
            raise RecipeError(f"the recipe file {model} is nested more than {DEEPEST} deep")
        if real not in self.known:
            self.known[real] = self._checked(model, path, real)
        return self.known[real]

    def _checked(self, model: str, path: Path, real: Path) -> Recipe:
        try:
            given = Recipe.from_file(path)
            return Recipe.from_mapping(self._deeper((*self.chain, real)).expanded(given.to_mapping()))
        except RecipeError as error:
            raise RecipeError(told_inside(model, error)) from error
