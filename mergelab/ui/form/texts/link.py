"""A recipe written as the query of the page's address: short and readable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, urlencode

from mergelab.methods import METHODS
from mergelab.methods.knobs import Value
from mergelab.methods.registry import Rule
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe import STACK, Recipe, Step
from mergelab.recipe.stack_recipe import StackRecipe
from mergelab.ui.form.form import NO_SPARSIFIER, OWN, Form, Models, spellings
from mergelab.ui.form.texts.corrected_tasks import corrections_query
from mergelab.ui.form.texts.slice_lines import slices_query
from mergelab.ui.form.texts.varied_link import varied_query

if TYPE_CHECKING:  # the link only names them
    from mergelab.evaluation.tasks.own import GivenTask

VERSION = "1"
VIEW = ("tab", "at", "tensor", "pair", "map", "step", "cell")
"""Parameters that the browser writes and reads by itself: the open tab, and the part of the model on screen."""
PINS = ("a", "b")
"""Parameters with pinned recipes, by the slot of each."""
LONGEST_LINK = 6000
"""The most characters of a link: beyond, programs cut links off."""
TOO_LONG = (
    "The link does not include the values that differ between layers, tensors or experts, because it would be too long. "
    "The recipe file under Export includes them."
)
OWN_MODELS = (
    "The link names your own models, and task sets given by path, by their folders, with what you chose under Task sets. It opens them "
    "after asking, where the server finds these folders."
)
UPLOADED = "Uploaded task sets are not in the link, because they are kept on this page alone."


@dataclass(frozen=True)
class Link:
    """A state of the page, whose recipe has the digest `digest`. `key` describes all of it, for undo. `query` is the query of a
    link to it, and `note` says what the link leaves out.

    The query of the page's opening state is empty.
    """

    key: str
    query: str
    note: str = ""
    digest: str = ""


class LinkMaker(Protocol):
    """Gives the link to a form's recipe; a complete one leaves no default out."""

    def __call__(self, form: Form, complete: bool = False) -> Link: ...


def source_name(models: Models) -> str:
    """The name of these models in a query: the suite, or a number for the person's own models."""
    return f"{OWN}-{models.edition}" if models.edition else models.base


def link_of(
    recipe: Recipe | StackRecipe, models: Models, opening: Recipe | None = None, complete: bool = False
) -> Link:
    """The link to `recipe`, whose models are among `models`, on a page that opens with the recipe `opening`.

    A complete link leaves out no expert and no value, not even a default one: it leads to the same recipe when defaults have
    changed.
    """
    if isinstance(recipe, StackRecipe):
        return _link_of_stack(recipe, models, complete)
    which, merge = _which(recipe, models, complete), _merge(recipe, complete)
    files, weights = _files(recipe, models), _weights(recipe, models, complete)
    varied = varied_query(recipe, spellings(recipe.method.name, _sparsifier(recipe)), _names_in(recipe, models))
    plain = {**which, **merge, **files, **weights}
    key, digest = _text({**plain, **varied}), recipe.digest()
    too_long = len(key) > LONGEST_LINK
    linked = plain if too_long else {**plain, **varied}
    if models.edition:
        del linked["suite"]
        note = " ".join([OWN_MODELS, *_left_out(models), *([TOO_LONG] if too_long else [])])
        return Link(key, _text({**folders_of(models), **linked}), note, digest)
    if too_long:
        return Link(key, _text(linked), TOO_LONG, digest)
    is_opening = opening is not None and digest == opening.digest() and not complete
    return Link(key, "" if is_opening else key, digest=digest)


def pinned_query(keys: Mapping[str, str]) -> str:
    """Pinned recipes as parameters of a query; `keys` are the keys of their links, which should be complete, by slot.

    In a parameter, `method=ties&density=0.4` is written as `method:ties density:0.4`, so that it stays readable: names and
    values are quoted in the key, and have neither spaces nor colons. The version is that of the whole query.
    """
    pairs = {
        slot: [part.replace("=", ":") for part in key.split("&") if part != f"v={VERSION}"]
        for slot, key in keys.items()
    }
    return urlencode({slot: " ".join(parts) for slot, parts in pairs.items()}, safe=",:")


def _link_of_stack(recipe: StackRecipe, models: Models, complete: bool) -> Link:
    stack = {"method": STACK, **slices_query(recipe, models.names_with_base), **_dtype(recipe, complete)}
    key = _text({"suite": source_name(models), **stack})
    if models.edition:
        note = " ".join([OWN_MODELS, *_left_out(models)])
        return Link(key, _text({**folders_of(models), **stack}), note, recipe.digest())
    return Link(key, key, digest=recipe.digest())


def folders_of(models: Models) -> dict[str, str]:
    """The person's own models and task sets, by their folders, and what was corrected of the task sets."""
    linked = linked_tasks(models)
    tasks = [f"{task.expert}={task.reference}" if task.expert else task.reference for task in linked]
    named = {"base": models.base, "models": "\n".join(models.titles), **({"tasks": "\n".join(tasks)} if tasks else {})}
    return {**named, **corrections_query([task.said for task in linked])}


def linked_tasks(models: Models) -> list[GivenTask]:
    """The person's task sets that a link can name."""
    return [task for task in models.task_files if not task.folder]


def _left_out(models: Models) -> list[str]:
    """What a link does not say of the person's task sets."""
    return [UPLOADED] if len(linked_tasks(models)) < len(models.task_files) else []


def _which(recipe: Recipe, models: Models, complete: bool) -> dict[str, str]:
    chosen = {expert.model for expert in recipe.models}
    names = ",".join(name for name, reference in models.names.items() if reference in chosen)
    told = complete or len(chosen) < len(models.titles)
    return {"suite": source_name(models), **({"experts": names} if told else {})}


def _merge(recipe: Recipe, complete: bool) -> dict[str, str]:
    sparsify = recipe.sparsify
    return {
        "method": recipe.method.name,
        **_knobs(recipe.method, METHODS[recipe.method.name], "", complete),
        **({"sparsify": _sparsifier(recipe)} if sparsify or complete else {}),
        **(_knobs(sparsify, SPARSIFIERS[sparsify.name], "sparsify.", complete) if sparsify else {}),
        **({"seed": str(recipe.seed)} if recipe.seed or complete else {}),
        **_dtype(recipe, complete),
    }


def _dtype(recipe: Recipe | StackRecipe, complete: bool) -> dict[str, str]:
    return {"dtype": recipe.dtype} if recipe.dtype != "base" or complete else {}


def _sparsifier(recipe: Recipe) -> str:
    return recipe.sparsify.name if recipe.sparsify else NO_SPARSIFIER


def _names_in(recipe: Recipe, models: Models) -> dict[str, str]:
    """The recipe's experts by their names in a query."""
    merged = {expert.model for expert in recipe.models}
    return {name: reference for name, reference in models.names.items() if reference in merged}


def _files(recipe: Recipe, models: Models) -> dict[str, str]:
    """Whose tokenizer and other files go along, with experts by their names in a query."""
    short = {reference: name for name, reference in models.names.items()}
    return {field: short.get(value, value) for field, value in recipe.file_choices.items()}


def _knobs(step: Step, rule: Rule, prefix: str, complete: bool) -> dict[str, str]:
    """All knobs, or those that differ from their default."""
    knobs = [knob for knob in rule.knobs if not knob.per_model]
    return {
        prefix + knob.name: value_text(step.knobs[knob.name])
        for knob in knobs
        if complete or step.knobs[knob.name] != knob.default
    }


def _weights(recipe: Recipe, models: Models, complete: bool) -> dict[str, str]:
    knob = recipe.rule.per_model
    if knob is None:
        return {}
    told = {expert.model: expert.weight for expert in recipe.models if complete or expert.weight != knob.default}
    return {
        f"weight.{name}": value_text(told[reference]) for name, reference in models.names.items() if reference in told
    }


def value_text(value: Value) -> str:
    """`0.2`, `1`, `1e-06`, `model`: as short as it gets without losing a digit."""
    return str(value).removesuffix(".0")


def _text(parts: Mapping[str, str]) -> str:
    return urlencode({"v": VERSION, **parts}, quote_via=quote, safe=",:")
