"""The recipe: a complete, validated description of one merge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mergelab.methods import METHODS
from mergelab.methods.knobs import ANY, Choice, Knob, Range, Value, brief, check_knobs, nearest
from mergelab.methods.registry import Rule, find
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe.file_choices import FILE_CHOICES, check_file_choice
from mergelab.recipe.nesting import take_nested, written_model
from mergelab.recipe.other_tools import MERGEKIT, is_mergekit, looks_like_mergekit, mergekit_at
from mergelab.recipe.overrides import Override, Stages, is_own, read_override, read_own_knobs
from mergelab.recipe.tensor_selection import EVERYTHING, TensorSelection, check_patterns
from mergelab.recipe.written_recipe import WrittenRecipe
from mergelab.runtime.yaml_text import YamlTextError, parse_yaml, read_text

DTYPE = Choice(
    ("base", "float32", "float16", "bfloat16"), "Number format of the merged weights; base keeps each tensor's format"
)
SEED = Range(0, 2**53, 1, "Seed of random drops, whose bits also depend on the experts' contents and the tensor names")
MATCH_NORMS = Choice(
    ("none", "tensor", "model"),
    "Scale the experts' changes to a common L2 norm before the merge: never, per tensor, or over the whole model",
)
DEPTH_SCALE = Range(
    0.0, 10.0, 0.05, "Multiplies the merged change by a factor that runs from the first layer to the last", valid=ANY
)
STACK = "stack"
"""The method of recipes that assemble a model from layers of others; it merges no deltas, so it is in no registry."""


MOST_PROBLEMS = 50
"""The most problems of one recipe that are looked for and told; a text with more of them is no recipe."""


class RecipeError(ValueError):
    """Raised for a recipe that cannot be run; the message names the problem, where it is and what is allowed."""

    @classmethod
    def of(cls, problems: Iterable[str]) -> RecipeError:
        """The error that tells the first problems, one sentence in each line, and how many more there are."""
        lines = [line for problem in problems for line in problem.splitlines()]
        more = len(lines) - MOST_PROBLEMS
        return cls("\n".join([*lines[:MOST_PROBLEMS], *([f"and {more} further problems"] if more > 0 else [])]))


@dataclass(frozen=True)
class Expert:
    """A fine-tuned model, its weight, and knob values of its own, such as a density."""

    model: str
    weight: float = 1.0
    knobs: Mapping[str, Value] = field(default_factory=dict)

    def own(self, owner: str, name: str, step: Step) -> Value:
        """The expert's value for knob `name` of stage `owner`: its own, or else the step's."""
        return self.knobs.get(f"{owner}.{name}", self.knobs.get(name, step.knobs[name]))

    def to_mapping(self) -> dict[str, Any]:
        """The expert as written in a recipe file."""
        return {"model": self.model, "weight": self.weight, **self.knobs}


@dataclass(frozen=True)
class Step:
    """A method or sparsifier by name, with the value of every knob."""

    name: str
    knobs: Mapping[str, Value] = field(default_factory=dict)

    def to_mapping(self) -> dict[str, Value]:
        """The step as written in a recipe file."""
        return {"name": self.name, **self.knobs}


@dataclass(frozen=True)
class Recipe(WrittenRecipe):
    """One merge, with complete and checked knobs. `base` may be None only for methods that average weights."""

    base: str | None
    models: tuple[Expert, ...]
    method: Step
    sparsify: Step | None = None
    seed: int = 0
    dtype: str = "base"
    overrides: tuple[Override, ...] = ()
    match_norms: str = "none"
    depth_scale: tuple[float, ...] = ()
    tokenizer: str = ""
    chat_template: str = ""
    generation_config: str = ""
    selection: TensorSelection = EVERYTHING
    nested: Mapping[str, Recipe] = field(default_factory=dict)
    """The recipes whose merges are models of this one, by the names under which `base` and `models` have them."""

    FIELDS = (
        *("base", "models", "sparsify", "method", "overrides", "match_norms", "depth_scale", "seed", "dtype"),
        *TensorSelection.FIELDS,
        *FILE_CHOICES,
    )

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any], models: Sequence[str] = ()) -> Recipe:
        """Check a recipe's mapping and fill in defaults; `models` is used if the mapping has no models.

        Raises RecipeError with every problem found, one sentence each.
        """
        if not isinstance(given, Mapping):
            raise RecipeError(
                f"a recipe must be a mapping with the fields {', '.join(cls.FIELDS)}, got {type(given).__name__}"
            )
        if is_mergekit(given):
            raise RecipeError(MERGEKIT)
        if is_stack(given):
            raise RecipeError(
                "a stack is built by `mergelab merge RECIPE.yml --out DIR` and cannot be used here: its layers do not "
                "correspond to those of the base, so there are no deltas and no sign conflicts"
            )
        unknown = [name for name in given if name not in cls.FIELDS]
        problems = [
            f"unknown field {brief(name)} of the recipe{nearest(name, cls.FIELDS)}" for name in unknown[:MOST_PROBLEMS]
        ]
        given, nested = take_nested(problems, given, cls.from_mapping)
        stage, listed = given.get("sparsify"), given.get("models", list(models))
        base = _try(problems, _base, given.get("base"))
        experts = _experts(problems, listed)
        method = _try(problems, _step, given.get("method"), "method", METHODS)
        sparsify = _try(problems, _step, stage, "sparsifier", SPARSIFIERS) if stage is not None else None
        seed = _try(problems, SEED.check, "seed", given.get("seed", 0))
        dtype = _try(problems, DTYPE.check, "dtype", given.get("dtype", "base"))
        norms = _try(problems, MATCH_NORMS.check, "match_norms", given.get("match_norms", "none"))
        depth_scale = _try(problems, _depth_scale, given.get("depth_scale"))
        names = [expert.model for expert in experts.values()]
        file_choices = {name: _try(problems, check_file_choice, name, given.get(name), names) for name in FILE_CHOICES}
        chosen = {name: _try(problems, check_patterns, name, given.get(name)) for name in TensorSelection.FIELDS}
        overrides: tuple[Override, ...] = ()
        rules = _rules(given.get("method"), stage)
        if rules:
            stages = _stages(rules)
            problems += _contradictions(rules["method"], list(experts.values()), len(listed) if experts else 0)
            experts = _with_own_knobs(problems, experts, stages)
            overrides = _overrides(problems, given.get("overrides"), stages, experts.values())
        if problems:
            raise RecipeError.of(problems)
        more = {**file_choices, "selection": TensorSelection(**chosen), "nested": nested}
        return cls(base, tuple(experts.values()), method, sparsify, seed, dtype, overrides, norms, depth_scale, **more)

    @classmethod
    def from_yaml(cls, text: str) -> Recipe:
        """Read a recipe from YAML or JSON; duplicate keys are refused."""
        return cls.from_mapping(read_mapping(text))

    @classmethod
    def from_file(cls, path: str | Path) -> Recipe:
        """Read a recipe file; relative model folders in it are resolved against the working directory."""
        return cls.from_mapping(read_mapping_file(path))

    def to_mapping(self) -> dict[str, Any]:
        """The recipe as plain data, with every default written out."""
        return {
            "base": written_model(self.base, self.nested),
            "models": [
                {**expert.to_mapping(), "model": written_model(expert.model, self.nested)} for expert in self.models
            ],
            **self.selection.to_mapping(),
            **({"sparsify": self.sparsify.to_mapping()} if self.sparsify else {}),
            "method": self.method.to_mapping(),
            **({"overrides": [override.to_mapping() for override in self.overrides]} if self.overrides else {}),
            **({"match_norms": self.match_norms} if self.match_norms != "none" else {}),
            **({"depth_scale": list(self.depth_scale)} if self.depth_scale else {}),
            **self.file_choices,
            "seed": self.seed,
            "dtype": self.dtype,
        }

    def settings(self, owner: str, key: str, depth: float) -> dict[str, Value | tuple[float, ...]]:
        """The value of every knob of stage `owner` (`method` or `sparsify`) for one tensor at its depth in the model.

        Per-expert knobs, and knobs in which the experts differ for this tensor, are tuples in the recipe's order.
        """
        step = self.method if owner == "method" else self.sparsify
        if step is None:
            return {}
        rule = self.rule if owner == "method" else SPARSIFIERS[step.name]
        here = [override for override in self.overrides if override.reaches(key)]
        return {knob.name: self._setting(owner, step, knob, key, depth, here) for knob in rule.knobs}

    def _setting(
        self, owner: str, step: Step, knob: Knob, key: str, depth: float, here: Sequence[Override]
    ) -> Value | tuple[float, ...]:
        said = [
            (override.model, override.at(name, key, depth))
            for override in here
            for name in override.knobs
            if name in (_written(knob), f"{owner}.{_written(knob)}")
        ]
        if not knob.per_model and not is_own(knob):
            return _last(said, None, step.knobs[knob.name])
        values = [
            _last(said, expert.model, expert.weight if knob.per_model else expert.own(owner, knob.name, step))
            for expert in self.models
        ]
        same = not knob.per_model and len(set(values)) == 1
        return values[0] if same else tuple(float(value) for value in values)

    @property
    def file_choices(self) -> dict[str, str]:
        """The chosen tokenizer, chat template and generation settings, by field; none for those of the base."""
        return {name: value for name in FILE_CHOICES if (value := getattr(self, name))}

    @property
    def rule(self) -> Rule:
        """The rule of the method."""
        return METHODS[self.method.name]

    @property
    def sparsifier(self) -> Rule | None:
        """The rule of the sparsifier, or None if the recipe has no such stage."""
        return SPARSIFIERS[self.sparsify.name] if self.sparsify else None


def method_name(given: object) -> object:
    """The name in a recipe's field `method`, in either of its forms; whatever stands there if it has no name."""
    return given.get("name") if isinstance(given, Mapping) else given


def is_stack(given: object) -> bool:
    """Whether a recipe's mapping describes a stack, which `StackRecipe` reads."""
    return isinstance(given, Mapping) and ("slices" in given or method_name(given.get("method")) == STACK)


def read_file(path: Path) -> str:
    """The text of a recipe's or config's file. Raises RecipeError for other encodings than UTF-8."""
    try:
        return read_text(path)
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path} is not UTF-8 text: {error}") from error


def read_mapping_file(path: str | Path) -> Any:
    """The unchecked mapping in a recipe file; raises RecipeError if there is none."""
    path = Path(path)
    if not path.is_file():
        raise RecipeError(f"no recipe file at {path}")
    try:
        return read_mapping(read_file(path))
    except RecipeError as error:
        raise RecipeError(str(error).replace(MERGEKIT, mergekit_at(path))) from error


def read_mapping(text: str) -> Any:
    """The unchecked mapping of a recipe in YAML or JSON; raises RecipeError for an empty text and a mergekit config."""
    if looks_like_mergekit(text):
        raise RecipeError(MERGEKIT)
    given = read_yaml(text, "recipe")
    if given is None:
        raise RecipeError(f"the recipe is empty; its fields are {', '.join(Recipe.FIELDS)}")
    if isinstance(given, Mapping) and is_mergekit(given):
        raise RecipeError(MERGEKIT)
    return given


def read_yaml(text: str, what: str, parse: Callable[[str], Any] = parse_yaml) -> Any:
    """Parse YAML or JSON; `what` names the text in error messages.

    Raises RecipeError for what `parse` refuses: invalid YAML, duplicate keys, and texts that are too large.
    """
    try:
        return parse(text)
    except YamlTextError as error:
        raise RecipeError(f"the {what} {error}") from error


def _last(said: Iterable[tuple[str | None, Value]], model: str | None, value: Value) -> Value:
    """The last value that overrides give a model, or all of them; `value` if there is none."""
    return [value, *(other for whom, other in said if whom in (None, model))][-1]


def _try(problems: list[str], check: Any, *args: Any) -> Any:
    """The checked value; a problem is appended to `problems` instead, and after very many nothing more is checked."""
    if len(problems) > MOST_PROBLEMS:
        return None
    try:
        return check(*args)
    except ValueError as error:
        problems.append(str(error))
        return None


def _base(given: object) -> str | None:
    if given is not None and (not isinstance(given, str) or not given.strip()):
        raise ValueError(f"base must name a suite, a folder or owner/name@revision, got {brief(given)}")
    return given


def _experts(problems: list[str], given: object) -> dict[int, Expert]:
    """The experts with a valid name, by their number in the list; their own knobs are not checked yet."""
    if isinstance(given, str) or not isinstance(given, Sequence) or not given:
        problems.append("models must list at least one expert, such as `- {model: minilm/movie, weight: 1.0}`")
        return {}
    experts = {number: _expert(problems, number, entry) for number, entry in enumerate(given, 1)}
    return {number: expert for number, expert in experts.items() if expert}


def _expert(problems: list[str], number: int, entry: object) -> Expert | None:
    entry = {"model": entry} if isinstance(entry, str) else entry
    if not isinstance(entry, Mapping) or not isinstance(entry.get("model"), str) or not entry["model"].strip():
        rule = f"entry {number} of models must be a name or {{model: NAME, weight: 1.0}}"
        problems.append(f"{rule}, got {brief(entry)}")
        return None
    weight = _try(problems, _ANY_WEIGHT.check, f"weight of {entry['model']}", entry.get("weight", 1.0))
    own = {str(name): value for name, value in entry.items() if name not in ("model", "weight")}
    return Expert(entry["model"], 1.0 if weight is None else float(weight), own)


_ANY_WEIGHT = Range(-2.0, 2.0, 0.05, "Any weight; each method then checks its own bounds", valid=ANY)


def _step(given: object, kind: str, table: Mapping[str, Rule]) -> Step:
    given = {"name": given} if isinstance(given, str) else given
    if not isinstance(given, Mapping) or not isinstance(given.get("name"), str):
        raise ValueError(
            f"{kind} must be a name or {{name: NAME, …knobs}}, got {brief(given)}. Known: {', '.join(sorted(table))}"
        )
    rule = find(kind, table, given["name"])
    return Step(rule.name, check_knobs(rule.name, rule.knobs, {k: v for k, v in given.items() if k != "name"}))


def _rules(method: object, sparsify: object) -> dict[str, Rule] | None:
    """The rules named by a recipe, or None if a name is unknown, which `_step` reports."""
    named = {"method": (method, METHODS), **({} if sparsify is None else {"sparsify": (sparsify, SPARSIFIERS)})}
    names = {owner: method_name(given) for owner, (given, _) in named.items()}
    found = {
        owner: table.get(name) if isinstance(name := names[owner], str) else None for owner, (_, table) in named.items()
    }
    return {owner: rule for owner, rule in found.items() if rule} if all(found.values()) else None


def _stages(rules: Mapping[str, Rule]) -> dict[str, Sequence[Knob]]:
    """The knobs of each stage, with the per-expert knob under its name in recipes, `weight`."""
    return {owner: [replace(knob, name=_written(knob)) for knob in rule.knobs] for owner, rule in rules.items()}


def _written(knob: Knob) -> str:
    return "weight" if knob.per_model else knob.name


def _with_own_knobs(problems: list[str], experts: Mapping[int, Expert], stages: Stages) -> dict[int, Expert]:
    read = {
        number: _try(problems, read_own_knobs, number, expert.model, expert.knobs, stages)
        for number, expert in experts.items()
    }
    return {number: replace(expert, knobs=read[number] or {}) for number, expert in experts.items()}


def _overrides(problems: list[str], given: object, stages: Stages, experts: Iterable[Expert]) -> tuple[Override, ...]:
    given = () if given is None else given
    if isinstance(given, str) or not isinstance(given, Sequence):
        problems.append(f"overrides must be a list of {{match: REGEX, KNOB: number}}, got {brief(given)}")
        return ()
    models = [expert.model for expert in experts]
    found = [_try(problems, read_override, number, entry, stages, models) for number, entry in enumerate(given, 1)]
    return tuple(override for override in found if override)


def _depth_scale(given: object) -> tuple[float, ...]:
    given = () if given is None else given
    if isinstance(given, str) or not isinstance(given, Sequence) or len(given) == 1:
        raise ValueError(f"depth_scale must be a ramp of two or more factors, first layer to last, got {brief(given)}")
    return tuple(float(DEPTH_SCALE.check("depth_scale", entry)) for entry in given)


def _contradictions(rule: Rule, experts: Sequence[Expert], listed: int) -> Iterable[str]:
    knob = rule.per_model
    if experts and rule.models not in (None, listed):
        yield f"{rule.name} takes exactly {rule.models} model{'' if rule.models == 1 else 's'}, got {listed}"
    for expert in experts:
        if knob is None and expert.weight != 1:
            yield f"{rule.name} has no weights, but {expert.model} has weight {expert.weight:g}; leave it out"
        elif knob is not None:
            yield from _complaint(knob.domain, f"weight of {expert.model} in {rule.name}", expert.weight)
    listed_as = Counter(expert.model for expert in experts)
    for name in sorted(name for name, count in listed_as.items() if count > 1):
        yield f"{name} is listed more than once in models; list it once and raise its weight"


def _complaint(domain: Any, name: str, value: object) -> Iterable[str]:
    try:
        domain.check(name, value)
    except ValueError as error:
        yield str(error)
