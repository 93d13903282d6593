"""Several mergekit configs in one text, of which later ones merge the results of others, as one recipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mergelab.methods.knobs import brief
from mergelab.recipe.nesting import DEEPEST, models_of, told_inside, with_recipes
from mergelab.recipe.recipe import Recipe, RecipeError

Read = tuple[Recipe, Sequence[str]]
"""A config's recipe, and remarks on how it was read."""


def recipe_of_documents(documents: Sequence[Any], read: Callable[[Mapping[str, Any]], Read]) -> Read:
    """The recipe of the final config, in which the results of the others stand as recipes; `read` reads one config.

    The final config is the one without `name`, or else the only one to which no other refers. Raises RecipeError with
    the name of the config in which something is wrong.
    """
    named, unnamed = _by_name(documents)
    steps = _Steps(named, read)
    if unnamed:
        recipe = steps.recipe_for("the config without a name", unnamed[0], ())
    else:
        final = steps.only_final()
        recipe = steps.recipe(final, ())
    if unused := [name for name in named if name not in steps.known]:
        raise RecipeError(f"the final config does not use {', '.join(unused)}: import that in a file of its own")
    return recipe, steps.remarks


def _by_name(documents: Sequence[Any]) -> tuple[dict[str, Mapping[str, Any]], list[Mapping[str, Any]]]:
    named: dict[str, Mapping[str, Any]] = {}
    unnamed: list[Mapping[str, Any]] = []
    for number, document in enumerate(documents, 1):
        if not isinstance(document, Mapping):
            raise RecipeError(
                f"document {number} must be a mapping with merge_method and models, got {brief(document)}"
            )
        name, config = document.get("name"), {key: value for key, value in document.items() if key != "name"}
        if name is None:
            unnamed.append(config)
        elif not isinstance(name, str) or name in named:
            raise RecipeError(f"the name of document {number} must be a text that no other has, got {brief(name)}")
        else:
            named[name] = config
    if len(unnamed) > 1:
        raise RecipeError(f"{len(unnamed)} configs have no name, but one is the final merge: name the others")
    return named, unnamed


@dataclass
class _Steps:
    named: Mapping[str, Mapping[str, Any]]
    read: Callable[[Mapping[str, Any]], Read]
    known: dict[str, Recipe] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def only_final(self) -> str:
        """The name of the config to which no other refers."""
        used = {name for config in self.named.values() for name in self._references(config)}
        final = [name for name in self.named if name not in used]
        if len(final) != 1:
            what = f"{', '.join(final)} are all final" if final else "every config is used by another one"
            raise RecipeError(f"{what}: a recipe makes one model; leave out the name of the final config")
        return final[0]

    def recipe(self, name: str, chain: tuple[str, ...]) -> Recipe:
        if name in chain:
            raise RecipeError(f"the config {name} merges itself ({' → '.join([*chain[chain.index(name) :], name])})")
        if len(chain) > DEEPEST:
            raise RecipeError(
                f"more than {DEEPEST} configs merge one another's results; merge the first ones to folders"
            )
        if name not in self.known:
            self.known[name] = self.recipe_for(name, self.named[name], (*chain, name))
        return self.known[name]

    def recipe_for(self, told: str, config: Mapping[str, Any], chain: tuple[str, ...]) -> Recipe:
        """The recipe of a config, with the recipes of those that it refers to as models."""
        try:
            recipe, remarks = self.read(config)
        except RecipeError as error:
            raise RecipeError(told_inside(told, error)) from error
        self.remarks += [f"{told}: {remark}" for remark in remarks]
        given = recipe.to_mapping()
        used = [model for model in models_of(given) if isinstance(model, str) and model in self.named]
        inner = {model: self.recipe(model, chain) for model in used}
        return Recipe.from_mapping(with_recipes(given, inner)) if inner else recipe

    def _references(self, given: Any) -> Iterator[str]:
        """The names of configs anywhere in a config."""
        if isinstance(given, Mapping):
            given = [value for key, value in given.items() if key != "merge_method"]
        if isinstance(given, str):
            yield from (part for part in given.split("+") if part in self.named)
        elif isinstance(given, Sequence):
            for value in given:
                yield from self._references(value)
