"""Recipes inside recipes: models that are themselves merges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from mergelab.methods.knobs import brief
from mergelab.recipe.file_choices import FILE_CHOICES

DEEPEST = 6
"""The most recipes inside one another, the outermost not counted: the text of a recipe has at most 32 levels, four for each."""
MOST = 100
"""The most recipes inside one recipe, at any depth."""
DIGITS = 12
"""Hexadecimal digits of the digest in the name of such a model: 48 bits."""


class Digested(Protocol):
    """What is asked of a recipe here."""

    def digest(self) -> str:
        """Equal for equal recipes."""

    def to_mapping(self) -> dict[str, Any]:
        """The recipe as plain data."""


Inner = TypeVar("Inner", bound=Digested)
_FORM = "must be {recipe: {base: …, models: […], method: …}}"


def nested_name(recipe: Digested) -> str:
    """The name of the merge of `recipe` as a model: equal recipes have equal names."""
    return f"recipe-{recipe.digest()[:DIGITS]}"


def told_inside(place: str, error: ValueError) -> str:
    """The message of an error in the recipe of `place` (`base`, `model 2`), each line with the place."""
    return "\n".join(f"in the recipe of {place}: {line}" for line in str(error).splitlines())


def written_model(name: str | None, nested: Mapping[str, Digested]) -> Any:
    """A model as written in a recipe file: its name, or the recipe whose merge it is."""
    recipe = nested.get(name or "")
    return {"recipe": recipe.to_mapping()} if recipe else name


def take_nested(
    problems: list[str], given: Mapping[str, Any], check: Callable[[Mapping[str, Any]], Inner]
) -> tuple[Mapping[str, Any], dict[str, Inner]]:
    """A recipe's mapping with a name in place of each recipe in it, and these recipes by name, as `check` gives them.

    What is wrong inside them is appended to `problems`, with the place.
    """
    if too_much := _extent_problem(given):
        problems.append(too_much)
    nested: dict[str, Inner] = {}

    def named(place: str, model: Any) -> Any:
        if not isinstance(model, Mapping):
            return model
        try:
            if too_much:
                return f"the recipe of {place}"
            recipe = check(_inner(place, model))
        except ValueError as error:
            problems.append(told_inside(place, error) if _is_nested(model) else str(error))
            return f"the recipe of {place}"
        nested[nested_name(recipe)] = recipe
        return nested_name(recipe)

    return each_model(given, named), nested


def each_model(given: Mapping[str, Any], change: Callable[[str, Any], Any]) -> dict[str, Any]:
    """A recipe's mapping with its base and each of its models as `change` gives them for the place and what stands there."""
    changed = dict(given)
    if changed.get("base") is not None:
        changed["base"] = change("the base", changed["base"])
    if _is_list(changed.get("models")):
        entries = enumerate(changed["models"], 1)
        changed["models"] = [_with_model(entry, f"model {number}", change) for number, entry in entries]
    return changed


def with_recipes(given: Mapping[str, Any], recipes: Mapping[str, Digested]) -> dict[str, Any]:
    """A recipe's mapping in which the models with these names are these recipes, wherever it names them."""
    names = {reference: nested_name(recipe) for reference, recipe in recipes.items()}

    def replaced(_: str, model: Any) -> Any:
        return {"recipe": recipes[model].to_mapping()} if isinstance(model, str) and model in recipes else model

    changed = each_model(given, replaced)
    chosen = [field for field in FILE_CHOICES if isinstance(changed.get(field), str)]
    changed |= {field: names.get(changed[field], changed[field]) for field in chosen}
    if _is_list(changed.get("overrides")):
        changed["overrides"] = [_renamed(override, names) for override in changed["overrides"]]
    return changed


def models_of(given: Mapping[str, Any]) -> list[Any]:
    """What stands as the base and as the models in a recipe's mapping."""
    found: list[Any] = []
    each_model(given, lambda _, model: found.append(model))
    return found


def _with_model(entry: Any, place: str, change: Callable[[str, Any], Any]) -> Any:
    entry = {"model": entry} if isinstance(entry, str) else entry
    named = isinstance(entry, Mapping) and "model" in entry
    return {**entry, "model": change(place, entry["model"])} if named else entry


def _renamed(override: Any, names: Mapping[str, str]) -> Any:
    model = override.get("model") if isinstance(override, Mapping) else None
    return {**override, "model": names[model]} if isinstance(model, str) and model in names else override


def _inner(place: str, model: Mapping[str, Any]) -> Mapping[str, Any]:
    if list(model) != ["recipe"] or not isinstance(model["recipe"], Mapping):
        raise ValueError(f"a recipe as {place} {_FORM}, got {brief(model)}")
    return model["recipe"]


def _is_nested(model: Any) -> bool:
    return isinstance(model, Mapping) and isinstance(model.get("recipe"), Mapping)


def _extent_problem(given: Mapping[str, Any]) -> str:
    """Why there are too many recipes inside one another or together, or ""."""
    count, waiting = 0, [(given, 0)]
    while waiting:
        recipe, depth = waiting.pop()
        for inner in _inside(recipe):
            count += 1
            if depth == DEEPEST:
                return f"recipes are nested more than {DEEPEST} deep; merge the inner ones to folders and name these"
            if count > MOST:
                return f"there are more than {MOST} recipes in the recipe; merge some to folders and name these"
            waiting.append((inner, depth + 1))
    return ""


def _inside(given: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (model["recipe"] for model in models_of(given) if _is_nested(model))


def _is_list(given: Any) -> bool:
    return isinstance(given, Sequence) and not isinstance(given, str)
