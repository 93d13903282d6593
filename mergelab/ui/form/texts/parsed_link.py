"""The query of the page's address read as a recipe. What cannot be read as it stands is changed, and said in a sentence."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from mergelab.evaluation.tasks.own import Said
from mergelab.methods import METHODS
from mergelab.methods.knobs import Choice, Domain, Range, Value
from mergelab.methods.registry import Rule
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe import DTYPE, SEED, STACK, RecipeError
from mergelab.recipe.file_choices import BASE, FILE_CHOICES, UNION
from mergelab.ui.form.form import NO_SPARSIFIER, OWN, Form, KnobPlace, Models, lines_of
from mergelab.ui.form.labels import NUMBERS_OF_EXPERTS, number
from mergelab.ui.form.method_list import short_title
from mergelab.ui.form.texts.corrected_tasks import corrections_query, read_corrections
from mergelab.ui.form.texts.link import PINS, VERSION, VIEW, folders_of, source_name, value_text
from mergelab.ui.form.texts.slice_lines import GIVERS, slices_of_query
from mergelab.ui.form.texts.varied_link import VariedFields, known_parameters, read_varied

MOST_NOTES = 10
ALIKE, MOST_SLIPS = 0.6, 2
"""How alike each part of a misspelt name and of the one that was meant are at least, by difflib's ratio, and how many letters it
has too many or too few at most."""
LONGEST = 60
"""How many characters of a person's text a note repeats."""

NO_OWN_MODELS = (
    "it is of your own models, which this page does not know, so it is not pinned. Load them under “Your own models”, set the "
    "same knobs and pin it again."
)
NO_SUITE = "there is no suite {} here, so it is not pinned."


@dataclass(frozen=True)
class PinnedLinks:
    """Recipes that an address pins, by slot, and a sentence for each part of them that had to be changed."""

    forms: Mapping[str, Form]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class OwnModels:
    """A base, experts and task sets, one per line, that a query names by their folders, and what was corrected of task sets, by
    their line. They are opened when the person agrees."""

    base: str
    experts: str
    tasks: str = ""
    corrected: Mapping[str, Said] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class ParsedLink:
    """The form that a query leads to, and a sentence for each part of the query that had to be changed. `own` are models that
    the query asks for and the page does not have; the form is then of other models."""

    form: Form
    notes: tuple[str, ...] = ()
    own: OwnModels | None = None


def parse_cell(at: str) -> tuple[str, str] | None:
    """The layer and module in a query's `at`, which are joined by a colon; None if `at` names no layer."""
    layer, _, module = at.partition(":")
    return (layer, module) if layer else None


def read_query(given: Mapping[str, str], sources: Mapping[str, Models], opening: Form) -> ParsedLink:
    """The form for the parameters of an address; `sources` are the models that it may name, by `source_name`.

    Missing parameters are taken from `opening` (models, method) or set to their default.
    """
    return _Reading(given, sources, opening).parsed_link()


def read_pins(given: Mapping[str, str], sources: Mapping[str, Models], opening: Form) -> PinnedLinks:
    """The pinned recipes of an address, read as in `read_query`. A recipe of models that are not there is not pinned, which a
    note says."""
    forms, notes = {}, []
    for slot in (slot for slot in PINS if given.get(slot)):
        found = dict(parse_qsl(given[slot].replace(" ", "&").replace(":", "=")))
        pinned, told = _pinned(found, sources, opening)
        notes += [f"Pinned recipe {slot.upper()}: {note}" for note in told]
        if pinned:
            forms[slot] = pinned
    return PinnedLinks(forms, tuple(notes[:MOST_NOTES]))


def _pinned(
    found: Mapping[str, str], sources: Mapping[str, Models], opening: Form
) -> tuple[Form | None, tuple[str, ...]]:
    suite = found.get("suite", "")
    if suite and suite not in sources:
        return None, (NO_OWN_MODELS if suite.startswith(f"{OWN}-") else NO_SUITE.format(_brief(suite)),)
    read = read_query(found, sources, opening)
    try:
        read.form.recipe()
    except ValueError as error:
        return None, (f"{error} It is not pinned.",)
    return read.form, read.notes


class _Reading:
    """Takes known parameters out of a query one by one; the rest is reported as unknown."""

    def __init__(self, given: Mapping[str, str], sources: Mapping[str, Models], opening: Form) -> None:
        own = {
            key for key in given if key in (*VIEW, *PINS) or key.startswith("__")
        }  # the browser's, Gradio's, other recipes
        self.left = {key: text for key, text in given.items() if key not in own}
        self.sources, self.opening = sources, opening
        self.notes: list[str] = []
        self.own: OwnModels | None = None
        self.known = [
            "suite",
            "base",
            "models",
            "tasks",
            "experts",
            "method",
            "sparsify",
            "seed",
            "dtype",
            *FILE_CHOICES,
        ]

    def parsed_link(self) -> ParsedLink:
        self._version()
        models = self._models()
        method = self._name("method", "method", [*METHODS, STACK], self.opening.method)
        return self._stack(models) if method == STACK else self._merge(models, method)

    def _stack(self, models: Models) -> ParsedLink:
        """A stack takes its models from its slices; what is wrong in these is told by the recipe, line by line."""
        self.known += ["slices", *GIVERS]
        lines = slices_of_query(lambda name: self.left.pop(name, None))
        form = replace(
            self.opening, models=models, chosen=tuple(models.titles), method=STACK, slices=lines, dtype=self._dtype()
        )
        self._unknown_parameters("Stack")
        return ParsedLink(form, tuple(self.notes), self.own)

    def _merge(self, models: Models, method: str) -> ParsedLink:
        chosen = self._experts(models)
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
            dtype=self._dtype(),
            file_choices=self._file_choices(models, chosen),
        )
        form = self._with_varied(form)
        before = f" after {short_title(SPARSIFIERS[sparsifier])}" if sparsifier in SPARSIFIERS else ""
        self._unknown_parameters(f"{short_title(METHODS[method])}{before}")
        return ParsedLink(form, tuple(self.notes), self.own)

    def _models(self) -> Models:
        """The models of a suite or, by their folders, the person's own. Folders that are not open here are remembered."""
        base, experts = self.left.pop("base", ""), self.left.pop("models", "")
        tasks = self.left.pop("tasks", "")
        if not base or not experts:
            return self.sources[self._name("suite", "suite", list(self.sources), source_name(self.opening.models))]
        self.left.pop("suite", None)
        lines = lines_of(tasks)
        corrected = read_corrections(self.left, lines, (base, *lines_of(experts)))
        named = {"base": base, "models": experts, **({"tasks": tasks} if tasks else {})}
        wanted = {**named, **corrections_query([corrected.get(line, {}) for line in lines])}
        for models in reversed([*self.sources.values()]):  # those that were loaded last
            if models.edition and folders_of(models) == wanted:
                return models
        self.own = OwnModels(base, experts, tasks, corrected)
        self._forget_experts()
        return self.opening.models

    def _forget_experts(self) -> None:
        """Leave out what is about experts that are not open here."""
        stack = ["method", "slices", *GIVERS] if self.left.get("method") == STACK else []
        about = ("experts", *FILE_CHOICES, *stack)
        for name in [name for name in self.left if name in about or name.startswith(("weight.", "scale.", "own."))]:
            del self.left[name]

    def _dtype(self) -> str:
        return str(self._value("dtype", "number format", DTYPE, "base"))

    def _with_varied(self, form: Form) -> Form:
        """The form with what the link says about layers, tensors and single experts, if a recipe may say it."""
        names = {name: reference for name, reference in form.models.names.items() if reference in form.chosen}
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
        instead = default or "the base’s"
        self.notes.append(f"There is no {what} {_brief(name)} here, so {instead} is used.{_guess(name, known)}")
        return default

    def _experts(self, models: Models) -> tuple[str, ...]:
        names = models.names
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
        experts = {name: reference for name, reference in models.names.items() if reference in chosen}
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
        self.known += [f"weight.{name}" for name in models.names]
        return {
            reference: self._value(f"weight.{name}", f"weight of {models.titles[reference]}", knob.domain, knob.default)
            for name, reference in models.names.items()
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
                f"{title} has no choice {_brief(text)}, so it is {value_text(default)} here.{_guess(text, domain.options)}"
            )
            return default
        given = _number(text)
        if given is None:
            self.notes.append(
                f"{title} must be a number, and the link says {_brief(text)}, so it is {value_text(default)} here."
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
                f"{title} is {value_text(value)} here: the link says {value_text(given)}, and it must be {whole}{ends}."
            )
        return domain.check(title, value)

    def _unknown_parameters(self, rules: str) -> None:
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
    """The known name that was probably meant: a slip changes few letters of a part, and no number of parts."""
    asked = name[:LONGEST]
    found = difflib.get_close_matches(asked, [each for each in known if _is_slip(asked, each)], n=1, cutoff=ALIKE)
    return f" Did you mean {found[0]}?" if found else ""


def _is_slip(name: str, known: str) -> bool:
    parts, meant = name.split("."), known.split(".")
    if len(parts) != len(meant):
        return False
    pairs = list(zip(parts, meant, strict=True))
    return all(
        abs(len(one) - len(other)) <= MOST_SLIPS and difflib.SequenceMatcher(None, one, other).ratio() >= ALIKE
        for one, other in pairs
    )


def _brief(text: str) -> str:
    return f"“{text[:LONGEST]}{'…' if len(text) > LONGEST else ''}”"
