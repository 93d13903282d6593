"""A recipe as the query of the page's address, and back. Queries are short, readable, and tolerate typing errors."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from mergelab.methods import METHODS
from mergelab.methods.knobs import Choice, Domain, Range, Value
from mergelab.methods.registry import Rule
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe import DTYPE, SEED, STACK, Recipe, RecipeError, Step
from mergelab.recipe.file_choices import BASE, FILE_CHOICES, UNION
from mergelab.ui.form.form import NO_SPARSIFIER, OWN, Form, KnobPlace, Models, spellings
from mergelab.ui.form.labels import NUMBERS_OF_EXPERTS, number
from mergelab.ui.form.method_list import short_title
from mergelab.ui.form.varied_link import VariedFields, known_parameters, read_varied, varied_query

VERSION = "1"
VIEW = ("tab", "at", "tensor", "map")
"""Parameters that the browser writes and reads by itself: the open tab, and the part of the model on screen."""
MOST_NOTES = 10
LONGEST_LINK = 6000
"""The most characters of a link: beyond, programs cut links off."""
TOO_LONG = (
    "The link does not include the values that differ between layers, tensors or experts, because it would be too long. "
    "The recipe file under Export includes them."
)
LONGEST = 60
"""How many characters of a person's text a note repeats."""
WITHOUT_MODELS = (
    "The link does not include your own folders, because they are on this machine only. "
    "It opens the same method and knobs with the default models."
)


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


def parse_cell(at: str) -> tuple[str, str] | None:
    """The layer and module in a query's `at`, which are joined by a colon; None if `at` names no layer."""
    layer, _, module = at.partition(":")
    return (layer, module) if layer else None


@dataclass(frozen=True)
class ParsedLink:
    """The form that a query leads to, and a sentence for each part of the query that had to be changed."""

    form: Form
    notes: tuple[str, ...] = ()


def source_name(models: Models) -> str:
    """The name of these models in a query: the suite, or a number for the person's own models."""
    return f"{OWN}-{models.edition}" if models.edition else models.base


def link_of(recipe: Recipe, models: Models, opening: Recipe | None) -> Link:
    """The link to `recipe`, whose experts are among `models`, on a page that opens with the recipe `opening`."""
    which, merge = _which(recipe, models), _merge(recipe)
    files, weights = _files(recipe, models), _weights(recipe, models)
    varied = varied_query(recipe, spellings(recipe.method.name, _sparsifier(recipe)), _names_in(recipe, models))
    merge |= {name: value for name, value in files.items() if not models.edition or value in (BASE, UNION)}
    key = _text({**which, **merge, **files, **weights, **varied})
    digest = recipe.digest()
    if models.edition:
        return Link(key, _text(merge), WITHOUT_MODELS, digest)
    if len(key) > LONGEST_LINK:
        return Link(key, _text({**which, **merge, **files, **weights}), TOO_LONG, digest)
    return Link(key, "" if opening and digest == opening.digest() else key, digest=digest)


def read_query(given: Mapping[str, str], sources: Mapping[str, Models], opening: Form) -> ParsedLink:
    """The form for the parameters of an address; `sources` are the models that it may name, by `source_name`.

    Missing parameters are taken from `opening` (models, method) or set to their default.
    """
    return _Reading(given, sources, opening).parsed_link()


# ---- writing


def _which(recipe: Recipe, models: Models) -> dict[str, str]:
    chosen = {expert.model for expert in recipe.models}
    some = [name for name, reference in _names(models).items() if reference in chosen]
    return {"suite": source_name(models), **({"experts": ",".join(some)} if len(chosen) < len(models.titles) else {})}


def _merge(recipe: Recipe) -> dict[str, str]:
    return {
        "method": recipe.method.name,
        **_turned(recipe.method, METHODS[recipe.method.name], ""),
        **({"sparsify": recipe.sparsify.name} if recipe.sparsify else {}),
        **(_turned(recipe.sparsify, SPARSIFIERS[recipe.sparsify.name], "sparsify.") if recipe.sparsify else {}),
        **({"seed": str(recipe.seed)} if recipe.seed else {}),
        **({"dtype": recipe.dtype} if recipe.dtype != "base" else {}),
    }


def _sparsifier(recipe: Recipe) -> str:
    return recipe.sparsify.name if recipe.sparsify else NO_SPARSIFIER


def _names_in(recipe: Recipe, models: Models) -> dict[str, str]:
    """The recipe's experts by their names in a query."""
    merged = {expert.model for expert in recipe.models}
    return {name: reference for name, reference in _names(models).items() if reference in merged}


def _files(recipe: Recipe, models: Models) -> dict[str, str]:
    """Whose tokenizer and other files go along, with experts by their names in a query."""
    short = {reference: name for name, reference in _names(models).items()}
    return {field: short.get(value, value) for field, value in recipe.file_choices.items()}


def _turned(step: Step, rule: Rule, prefix: str) -> dict[str, str]:
    """The knobs that differ from their default."""
    knobs = [knob for knob in rule.knobs if not knob.per_model]
    return {
        prefix + knob.name: _plain(step.knobs[knob.name]) for knob in knobs if step.knobs[knob.name] != knob.default
    }


def _weights(recipe: Recipe, models: Models) -> dict[str, str]:
    knob = recipe.rule.per_model
    if knob is None:
        return {}
    turned = {expert.model: expert.weight for expert in recipe.models if expert.weight != knob.default}
    return {
        f"weight.{name}": _plain(turned[reference]) for name, reference in _names(models).items() if reference in turned
    }


def _names(models: Models) -> dict[str, str]:
    """Experts by their name in a query: the name in the suite, or the place in a person's own list."""
    if models.edition:
        return {str(place): reference for place, reference in enumerate(models.titles, 1)}
    return {reference.rpartition("/")[2]: reference for reference in models.titles}


def _plain(value: Value) -> str:
    """`0.2`, `1`, `1e-06`, `model`: as short as it gets without losing a digit."""
    return str(value).removesuffix(".0")


def _text(parts: Mapping[str, str]) -> str:
    return urlencode({"v": VERSION, **parts}, quote_via=quote, safe=",")


# ---- reading


STACKED = (
    "Stacked recipes are merged on the command line: mergelab merge RECIPE.yml --out DIR. Their layers do not correspond to those "
    "of a base, so there are no conflicts to show."
)


class _Reading:
    """Takes known parameters out of a query one by one; the rest is reported as unknown."""

    def __init__(self, given: Mapping[str, str], sources: Mapping[str, Models], opening: Form) -> None:
        own = {key for key in given if key in VIEW or key.startswith("__")}  # the browser's and Gradio's
        self.left = {key: text for key, text in given.items() if key not in own}
        self.sources, self.opening = sources, opening
        self.notes: list[str] = []
        self.known = ["suite", "experts", "method", "sparsify", "seed", "dtype", *FILE_CHOICES]

    def parsed_link(self) -> ParsedLink:
        self._version()
        models = self.sources[self._name("suite", "suite", list(self.sources), source_name(self.opening.models))]
        chosen = self._experts(models)
        method = self._name("method", "method", list(METHODS), self.opening.method)
        sparsifier = self._name("sparsify", "sparsifier", [NO_SPARSIFIER, *SPARSIFIERS], NO_SPARSIFIER)
        knobs = self._knobs("method", METHODS[method], "", len(chosen))
        if sparsifier in SPARSIFIERS:
            knobs |= self._knobs("sparsify", SPARSIFIERS[sparsifier], "sparsify.", len(chosen))
        form = replace(
            self.opening,
            models=models,
            chosen=chosen,
            method=method,
            sparsifier=sparsifier,
            knobs=knobs,
            weights=self._weights(models, METHODS[method]),
            seed=self._value("seed", "seed", SEED, 0),
            dtype=str(self._value("dtype", "number format", DTYPE, "base")),
            file_choices=self._file_choices(models, chosen),
        )
        form = self._with_varied(form)
        self._unknown_parameters(METHODS[method], sparsifier)
        return ParsedLink(form, tuple(self.notes))

    def _with_varied(self, form: Form) -> Form:
        """The form with what the link says about layers, tensors and single experts, if a recipe may say it."""
        names = {name: reference for name, reference in _names(form.models).items() if reference in form.chosen}
        self.known += known_parameters(form.spellings, names)
        found = replace(form, **read_varied(self.left, self.notes, form.spellings, names).fields())
        try:
            found.recipe()
        except RecipeError as error:
            plain = replace(form, **VariedFields().fields())
            if is_valid(plain):
                self.notes.append(f"What the link says about parts of the model is left out: {error}")
                return plain
        return found

    def _version(self) -> None:
        version = self.left.pop("v", VERSION)
        if version != VERSION:
            self.notes.append(
                f"The link is of version {_brief(version)}, and this page reads version {VERSION}: some of it may be lost."
            )

    def _name(self, key: str, what: str, known: list[str], default: str) -> str:
        name = self.left.pop(key, default)
        if name in known:
            return name
        if key == "method" and name == STACK:
            self.notes.append(f"{STACKED} Here {default} is used.")
            return default
        instead = default or "the base’s"
        self.notes.append(f"There is no {what} {_brief(name)} here, so {instead} is used.{_guess(name, known)}")
        return default

    def _experts(self, models: Models) -> tuple[str, ...]:
        names = _names(models)
        given = self.left.pop("experts", None)
        if given is None:
            return tuple(models.titles)
        listed = [name.strip() for name in given.split(",") if name.strip()]
        for name in listed:
            if name not in names:
                self.notes.append(
                    f"{source_name(models)} has no expert {_brief(name)}, so it is left out.{_guess(name, names)}"
                )
        chosen = tuple(reference for name, reference in names.items() if name in listed)
        if not chosen:
            self.notes.append("The link names no known expert, so all are chosen.")
        return chosen or tuple(models.titles)

    def _file_choices(self, models: Models, chosen: Sequence[str]) -> dict[str, str]:
        experts = {name: reference for name, reference in _names(models).items() if reference in chosen}
        found = {}
        for field in FILE_CHOICES:
            general = {BASE: BASE, **({UNION: UNION} if field == "tokenizer" else {})}
            name = self._name(field, field.replace("_", " "), ["", *general, *experts], "")
            if name:
                found[field] = {**experts, **general}[name]
        return found

    def _knobs(self, owner: str, rule: Rule, prefix: str, experts: int) -> dict[KnobPlace, Any]:
        values: dict[KnobPlace, Any] = {}
        for knob in rule.knobs:
            if knob.per_model:
                continue
            domain = knob.domain
            if knob.name in NUMBERS_OF_EXPERTS and isinstance(domain, Range):
                domain = replace(domain, high=max(int(domain.low) + 1, experts), valid=None)
            title = f"{knob.name} of {short_title(rule)}"
            values[KnobPlace(owner, rule.name, knob.name)] = self._value(
                prefix + knob.name, title, domain, knob.default
            )
            self.known.append(prefix + knob.name)
        return values

    def _weights(self, models: Models, rule: Rule) -> dict[str, Any]:
        knob = rule.per_model
        if knob is None:
            return {}
        self.known += [f"weight.{name}" for name in _names(models)]
        return {
            reference: self._value(f"weight.{name}", f"weight of {models.titles[reference]}", knob.domain, knob.default)
            for name, reference in _names(models).items()
            if f"weight.{name}" in self.left
        }

    def _value(self, key: str, title: str, domain: Domain, default: Value) -> Value:
        """The value of `key` in its domain; a number outside goes to the nearest end, other nonsense to the default."""
        text = self.left.pop(key, None)
        if text is None:
            return default
        if isinstance(domain, Choice):
            if text in domain.options:
                return text
            self.notes.append(
                f"{title} has no choice {_brief(text)}, so it is {_plain(default)} here.{_guess(text, domain.options)}"
            )
            return default
        given = _number(text)
        if given is None:
            self.notes.append(
                f"{title} must be a number, and the link says {_brief(text)}, so it is {_plain(default)} here."
            )
            return default
        return self._inside(title, domain, given)

    def _inside(self, title: str, domain: Range, given: float) -> Value:
        least, most = domain.bounds
        value = min(max(given, least), most)
        if isinstance(domain.step, int):
            value = round(value)
        if value != given:
            whole = "a whole number " if isinstance(domain.step, int) else ""
            ends = f"at least {number(least)}" if domain.open_above else f"from {number(least)} to {number(most)}"
            self.notes.append(
                f"{title} is {_plain(value)} here: the link says {_plain(given)}, and it must be {whole}{ends}."
            )
        return domain.check(title, value)

    def _unknown_parameters(self, method: Rule, sparsifier: str) -> None:
        rules = f"{short_title(method)}" + (
            f" after {short_title(SPARSIFIERS[sparsifier])}" if sparsifier in SPARSIFIERS else ""
        )
        self.notes += [
            f"{rules} has no setting {_brief(key)}, so it is ignored.{_guess(key, self.known)}" for key in self.left
        ]
        if len(self.notes) > MOST_NOTES:
            self.notes[MOST_NOTES - 1 :] = [
                f"{len(self.notes) - MOST_NOTES + 1} more parts of the link were changed or ignored."
            ]


def is_valid(form: Form) -> bool:
    """Whether the form is a recipe."""
    try:
        form.recipe()
    except RecipeError:
        return False
    return True


def _number(text: str) -> float | None:
    """The finite number that `text` spells, exact for whole numbers; None for anything else."""
    if len(text) > LONGEST:
        return None
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        return value if math.isfinite(value) else None
    return None


def _guess(name: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(name[:LONGEST], list(known), n=1, cutoff=0.6)
    return f" Did you mean {found[0]}?" if found else ""


def _brief(text: str) -> str:
    return f"“{text[:LONGEST]}{'…' if len(text) > LONGEST else ''}”"
