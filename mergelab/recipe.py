"""The recipe: the whole description of one merge, and the only place where it is validated."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from mergelab.knobs import Choice, Range, Value, brief, check_knobs, nearest
from mergelab.methods import METHODS
from mergelab.methods.registry import Rule, find
from mergelab.sparsify import SPARSIFIERS

DTYPE = Choice(
    ("base", "float32", "float16", "bfloat16"), "Number format of the merged weights; base keeps each tensor's own"
)
SEED = Range(0, 2**53, 1, "Random bits of DARE come from this number, the experts' contents and the tensor names")
ALGORITHM = 1
"""Part of every digest: raised when the same recipe would give other bits."""


class RecipeError(ValueError):
    """A recipe that cannot be run; the message says what, where and what is allowed."""


@dataclass(frozen=True)
class Expert:
    """A fine-tuned model and its strength."""

    model: str
    weight: float = 1.0


@dataclass(frozen=True)
class Step:
    """A method or sparsifier by name, with every knob's value."""

    name: str
    knobs: Mapping[str, Value] = field(default_factory=dict)

    def to_mapping(self) -> dict[str, Value]:
        """The step as a recipe file writes it."""
        return {"name": self.name, **self.knobs}


@dataclass(frozen=True)
class Recipe:
    """One merge. `base` is None only for methods that average weights; knobs are complete and checked."""

    base: str | None
    models: tuple[Expert, ...]
    method: Step
    sparsify: Step | None = None
    seed: int = 0
    dtype: str = "base"

    FIELDS = ("base", "models", "sparsify", "method", "seed", "dtype")

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any], models: Sequence[str] = ()) -> Recipe:
        """Check a recipe's mapping and fill in defaults; `models` stands in where it names none.

        Raises RecipeError with every problem found, one sentence each.
        """
        if not isinstance(given, Mapping):
            raise RecipeError(
                f"a recipe must be a mapping with the fields {', '.join(cls.FIELDS)}, got {type(given).__name__}"
            )
        problems = [
            f"unknown field {brief(name)} of the recipe{nearest(name, cls.FIELDS)}"
            for name in given
            if name not in cls.FIELDS
        ]
        stage = given.get("sparsify")
        base = _try(problems, _base, given.get("base"))
        experts = _try(problems, _experts, given.get("models", list(models)))
        method = _try(problems, _step, given.get("method"), "method", METHODS)
        sparsify = _try(problems, _step, stage, "sparsifier", SPARSIFIERS) if stage is not None else None
        seed = _try(problems, SEED.check, "seed", given.get("seed", 0))
        dtype = _try(problems, DTYPE.check, "dtype", given.get("dtype", "base"))
        if experts and method:
            problems += _contradictions(METHODS[method.name], experts)
        if problems:
            raise RecipeError("\n".join(problems))
        return cls(base, experts, method, sparsify, seed, dtype)

    @classmethod
    def from_yaml(cls, text: str) -> Recipe:
        """Read a recipe from YAML (JSON is YAML); a key written twice is refused."""
        return cls.from_mapping(_loaded(text))

    @classmethod
    def from_file(cls, path: str | Path) -> Recipe:
        """Read a recipe file; relative model folders in it count from the working directory."""
        path = Path(path)
        if not path.is_file():
            raise RecipeError(f"no recipe file at {path}")
        try:
            return cls.from_yaml(path.read_text(encoding="utf-8-sig"))
        except UnicodeDecodeError as error:
            raise RecipeError(f"{path} is not UTF-8 text: {error}") from error

    def to_mapping(self) -> dict[str, Any]:
        """The recipe as plain data, every default written out."""
        return {
            "base": self.base,
            "models": [{"model": expert.model, "weight": expert.weight} for expert in self.models],
            **({"sparsify": self.sparsify.to_mapping()} if self.sparsify else {}),
            "method": self.method.to_mapping(),
            "seed": self.seed,
            "dtype": self.dtype,
        }

    def to_yaml(self) -> str:
        """The recipe file's text."""
        return str(yaml.safe_dump(self.to_mapping(), sort_keys=False, allow_unicode=True))

    def digest(self) -> str:
        """sha256 hex of the canonical recipe: equal for equal recipes, whatever their spelling."""
        canonical = json.dumps({"algorithm": ALGORITHM, **self.to_mapping()}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def with_models(self, base: str | None, models: Iterable[Expert]) -> Recipe:
        """The same recipe for other models."""
        return replace(self, base=base, models=tuple(models))

    @property
    def rule(self) -> Rule:
        """The method's rule."""
        return METHODS[self.method.name]

    @property
    def sparsifier(self) -> Rule | None:
        """The sparsifier's rule, if the recipe has that stage."""
        return SPARSIFIERS[self.sparsify.name] if self.sparsify else None


def _loaded(text: str) -> Any:
    try:
        given = yaml.load(text, _Strict)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a number or date that Python cannot hold
        told = " ".join(str(error).split()).replace('in "<unicode string>", line', "in line")
        raise RecipeError(f"the recipe is not valid YAML: {told}") from error
    except RecursionError:
        raise RecipeError("the recipe is not valid YAML: it is nested too deeply") from None
    if given is None:
        raise RecipeError(f"the recipe is empty; its fields are {', '.join(Recipe.FIELDS)}")
    return given


def _try(problems: list[str], check: Any, *args: Any) -> Any:
    try:
        return check(*args)
    except ValueError as error:
        problems.append(str(error))
        return None


def _base(given: object) -> str | None:
    if given is not None and (not isinstance(given, str) or not given.strip()):
        raise ValueError(f"base must name a suite, a folder or owner/name@revision, got {brief(given)}")
    return given


def _experts(given: object) -> tuple[Expert, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence) or not given:
        raise ValueError("models must list at least one expert, such as `- {model: minilm/movie, weight: 1.0}`")
    problems: list[str] = []
    experts = [_try(problems, _expert, number, entry) for number, entry in enumerate(given, 1)]
    if problems:
        raise ValueError("\n".join(problems))
    return tuple(experts)


def _expert(number: int, entry: object) -> Expert:
    entry = {"model": entry} if isinstance(entry, str) else entry
    if not isinstance(entry, Mapping) or not isinstance(entry.get("model"), str) or not entry["model"].strip():
        raise ValueError(f"entry {number} of models must be a name or {{model: NAME, weight: 1.0}}, got {brief(entry)}")
    for name in entry:
        if name not in ("model", "weight"):
            raise ValueError(
                f"unknown field {brief(name)} in entry {number} of models{nearest(name, ('model', 'weight'))}"
            )
    return Expert(entry["model"], float(_ANY_WEIGHT.check(f"weight of {entry['model']}", entry.get("weight", 1.0))))


_ANY_WEIGHT = Range(-1e6, 1e6, 0.05, "Bounds that every method's own weights lie in")


def _step(given: object, kind: str, table: Mapping[str, Rule]) -> Step:
    given = {"name": given} if isinstance(given, str) else given
    if not isinstance(given, Mapping) or not isinstance(given.get("name"), str):
        raise ValueError(
            f"{kind} must be a name or {{name: NAME, …knobs}}, got {brief(given)}. Known: {', '.join(sorted(table))}"
        )
    rule = find(kind, table, given["name"])
    return Step(rule.name, check_knobs(rule.name, rule.knobs, {k: v for k, v in given.items() if k != "name"}))


def _contradictions(rule: Rule, experts: Sequence[Expert]) -> Iterable[str]:
    knob = rule.per_model
    if rule.models is not None and len(experts) != rule.models:
        yield f"{rule.name} takes exactly {rule.models} models, got {len(experts)}"
    for expert in experts:
        if knob is None and expert.weight != 1:
            yield f"{rule.name} has no weights, but {expert.model} has weight {expert.weight:g}; leave it out"
        elif knob is not None:
            yield from _complaint(knob.domain, f"weight of {expert.model} in {rule.name}", expert.weight)
    names = [expert.model for expert in experts]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name} is listed more than once in models; list it once and raise its weight"


def _complaint(domain: Any, name: str, value: object) -> Iterable[str]:
    try:
        domain.check(name, value)
    except ValueError as error:
        yield str(error)


class _Strict(yaml.SafeLoader):
    """YAML without silent duplicates or aliases, in which 1e-6 is a number as it is in JSON."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):  # a few nested aliases unfold to gigabytes
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="aliases are not read", problem_mark=mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        seen: set[Hashable] = set()
        for key in keys:
            if isinstance(key, Hashable) and key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {brief(key)} is written twice", problem_mark=node.start_mark
                )
            seen |= {key} if isinstance(key, Hashable) else set()  # super() refuses the others
        return super().construct_mapping(node, deep)


_Strict.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)
