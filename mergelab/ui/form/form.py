"""The state of the sidebar, and the recipe that it describes. A form may hold invalid values; the recipe checks them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from mergelab.checkpoints import Suite, suite_of
from mergelab.methods import METHODS
from mergelab.methods.knobs import Knob
from mergelab.methods.registry import Rule
from mergelab.methods.sparsifiers import SPARSIFIERS
from mergelab.recipe import STACK, Recipe, RecipeError
from mergelab.recipe.nesting import with_recipes
from mergelab.recipe.recipe_files import is_recipe_file
from mergelab.recipe.stack_recipe import StackRecipe
from mergelab.ui.form.method_list import calibrated
from mergelab.ui.form.model_titles import model_titles
from mergelab.ui.form.texts.slice_lines import BASE_NAME, read_slices
from mergelab.ui.form.varied_values import WEIGHT, OwnKnobs, Spellings, overrides_of
from mergelab.ui.messages import LayerEntry

if TYPE_CHECKING:  # the form only keeps them
    from mergelab.evaluation.tasks import TaskSet
    from mergelab.evaluation.tasks.own import GivenTask

OWN = "own"
"""The name of the source that holds the person's own models."""
NO_SPARSIFIER = "none"
OWNERS: dict[str, Mapping[str, Rule]] = {"method": METHODS, "sparsify": SPARSIFIERS}
"""The two steps of a recipe that have knobs."""
MOST_EXPERTS = 8
COPIES_ONLY = (
    "A stack copies layers and merges nothing, so there are no conflicts, scores or single tensors to show and nothing to compare: "
    "press “Build model (.zip)” under Export to build it, or choose another method."
)
"""Why a stack cannot do what a merge can."""


@dataclass(frozen=True, order=True)
class KnobPlace:
    """One knob among all: `owner` is "method" or "sparsify"."""

    owner: str
    rule: str
    knob: str

    @property
    def elem_id(self) -> str:
        """The id of its widget in the page."""
        return "-".join(("knob", self.owner, self.rule, self.knob.replace("_", "-")))


def weight_id(place: int) -> str:
    """The id of the weight slider for the expert at this place in the list of models."""
    return f"weight-{place}"


def all_knobs() -> dict[KnobPlace, Knob]:
    """Every knob that a rule has once. Weights are not included: they belong to experts."""
    return {
        KnobPlace(owner, rule.name, knob.name): knob
        for owner, rules in OWNERS.items()
        for rule in rules.values()
        for knob in rule.knobs
        if not knob.per_model
    }


@lru_cache(maxsize=256)
def spellings(method: str, sparsifier: str) -> Spellings:
    """How a recipe spells the knobs of these rules, by the knob's widget; the step is always named."""
    used = {("method", method), ("sparsify", sparsifier)}
    places = [place for place in all_knobs() if (place.owner, place.rule) in used]
    weights = {WEIGHT: WEIGHT} if method in METHODS and METHODS[method].per_model else {}
    return {**{place.elem_id: f"{place.owner}.{place.knob}" for place in places}, **weights}


@dataclass(frozen=True)
class Models:
    """A base and all experts that may be chosen, as references with titles.

    `edition` grows when the same folders are read again, because their content may have changed. `nested` are the recipes
    whose merges are among the models. `task_files` are a person's own task sets as they were given, `tasks` the same once they are read.
    """

    base: str
    titles: Mapping[str, str]
    edition: int = 0
    nested: Mapping[str, Recipe] = field(default_factory=dict)
    task_files: tuple[GivenTask, ...] = ()
    tasks: tuple[TaskSet, ...] = ()

    @classmethod
    def of_suite(cls, suite: Suite) -> Models:
        """A suite's base and experts."""
        return cls(suite.name, {f"{suite.name}/{name}": expert.title for name, expert in suite.experts.items()})

    @classmethod
    def typed(cls, base: str, experts: str, edition: int = 0) -> Models:
        """The models that a person typed: one base, and one expert per line. Raises RecipeError with every problem."""
        names = lines_of(experts)
        problems = []
        if not base.strip():
            problems.append(
                "Base is empty: type a folder or owner/name@revision of the model that the experts were fine-tuned from."
            )
        if not names:
            problems.append("Experts is empty: type at least one folder or owner/name@revision, one per line.")
        if len(names) > MOST_EXPERTS:
            problems.append(
                f"{len(names)} experts were typed; the page takes up to {MOST_EXPERTS}, the command `mergelab merge` any number."
            )
        problems += [
            f"{name} is typed more than once; list it once and raise its weight."
            for name in sorted({n for n in names if names.count(n) > 1})
        ]
        problems += [
            f"{name} is a recipe: this page merges models. Merge it with `mergelab merge {name} --out DIR` and type that folder."
            for name in dict.fromkeys([base.strip(), *names])
            if is_recipe_file(name)
        ]
        if problems:
            raise RecipeError("\n".join(problems))
        return cls(base.strip(), model_titles(names), edition)

    @property
    def places(self) -> dict[str, int]:
        """The fixed place of each expert, which determines its colour."""
        return {reference: place for place, reference in enumerate(self.titles)}

    @property
    def names(self) -> dict[str, str]:
        """Experts by their name in a link: the name in the suite, or the place in a person's own list."""
        if self.edition:
            return {str(place): reference for place, reference in enumerate(self.titles, 1)}
        return {reference.rpartition("/")[2]: reference for reference in self.titles}

    @property
    def names_with_base(self) -> dict[str, str]:
        """The same and the base, for the slices of a stack."""
        return {BASE_NAME: self.base, **self.names}


@dataclass(frozen=True)
class Form:
    """The state of the sidebar. `weights` and `own_knobs` are by the reference of each expert, `knobs` by the place of each
    knob, `file_choices` and `selection` by the field of the recipe.

    `rows` limits how many validation examples of each task are scored; None scores all. With the method stack, `slices` has
    the lines of `mergelab.ui.form.texts.slice_lines`; models, number format and slices then say everything.
    """

    models: Models
    chosen: tuple[str, ...]
    method: str
    sparsifier: str = NO_SPARSIFIER
    knobs: Mapping[KnobPlace, Any] = field(default_factory=dict)
    weights: Mapping[str, Any] = field(default_factory=dict)
    layer_entries: tuple[LayerEntry, ...] = ()
    own_knobs: OwnKnobs = field(default_factory=dict)
    match_norms: Any = "none"
    depth_scale: tuple[float, ...] = ()
    selection: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    seed: Any = 0
    dtype: str = "base"
    file_choices: Mapping[str, Any] = field(default_factory=dict)
    device: str = "auto"
    rows: int | None = None
    live: bool = True
    slices: str = ""

    @property
    def is_stack(self) -> bool:
        """Whether the form stacks layers instead of merging weights."""
        return self.method == STACK

    def written(self) -> Recipe | StackRecipe:
        """The recipe of this form, of either kind. Raises RecipeError with a sentence for the page."""
        return self.stack() if self.is_stack else self.recipe()

    def recipe(self) -> Recipe:
        """The merge of this form. Raises RecipeError with a sentence for the page, also for a stack."""
        return self._recipe

    def stack(self) -> StackRecipe:
        """The stack of this form. Raises RecipeError with a sentence for each problem."""
        return self._stack

    @cached_property
    def _stack(self) -> StackRecipe:
        read = read_slices(self.slices, self.models.names_with_base)
        return StackRecipe.from_mapping({"base": self.models.base, "method": STACK, "dtype": self.dtype, **read})

    @cached_property
    def _recipe(self) -> Recipe:
        if self.is_stack:
            raise RecipeError(COPIES_ONLY)
        if not self.chosen:
            raise RecipeError("No expert is chosen: tick at least one under Fine-tuned models.")
        chosen = [reference for reference in self.models.titles if reference in self.chosen]
        self._check_count(len(chosen))
        given = {
            "base": self.models.base,
            "models": [{"model": name, **self._weight(name), **self._own(name)} for name in chosen],
            "sparsify": None if self.sparsifier == NO_SPARSIFIER else self._step("sparsify", self.sparsifier),
            "method": self._step("method", self.method),
            "overrides": overrides_of(self.layer_entries, self.spellings, chosen),
            "match_norms": self.match_norms,
            "depth_scale": list(self.depth_scale),
            "seed": 0 if self.seed is None else self.seed,
            "dtype": self.dtype,
            **{name: list(patterns) for name, patterns in self.selection.items()},
            **self.file_choices,
        }
        return Recipe.from_mapping(with_recipes(given, self.models.nested) if self.models.nested else given)

    @property
    def spellings(self) -> Spellings:
        """How the recipe spells the knobs of the chosen rules, by the knob's widget."""
        return spellings(self.method, self.sparsifier)

    @property
    def blocked_reason(self) -> str:
        """Why this form's recipe can be previewed but not merged here, as a sentence; empty text if it can be merged."""
        rule = METHODS.get(self.method)
        if rule is None or not calibrated(rule):
            return ""
        heads = {task.head for task in self.models.tasks}
        strangers = [each for each in self.chosen if each not in heads and (not suite_of(each) or "/" not in each)]
        if not strangers:
            return ""
        return (
            f"{rule.title} needs calibration examples, and {self.models.titles.get(strangers[0], strangers[0])} has none: "
            "give this expert a task set under “Your own models”, or choose another method."
        )

    def _check_count(self, ticked: int) -> None:
        rule = METHODS.get(self.method)
        if rule is None or rule.models in (None, ticked):
            return
        wanted = int(rule.models or 0)
        todo = f"untick {ticked - wanted}" if ticked > wanted else f"tick {wanted - ticked} more"
        raise RecipeError(
            f"{rule.title} merges exactly {wanted} expert{'' if wanted == 1 else 's'} and {ticked} {'is' if ticked == 1 else 'are'} ticked: {todo} under Fine-tuned models."
        )

    def _weight(self, reference: str) -> dict[str, Any]:
        has_weights = self.method in METHODS and METHODS[self.method].per_model
        return {"weight": self.weights[reference]} if has_weights and reference in self.weights else {}

    def _own(self, reference: str) -> dict[str, Any]:
        values, spelled = self.own_knobs.get(reference, {}), self.spellings
        return {spelled[widget]: value for widget, value in values.items() if widget in spelled}

    def _step(self, owner: str, rule: str) -> dict[str, Any]:
        values = {
            place.knob: value for place, value in self.knobs.items() if (place.owner, place.rule) == (owner, rule)
        }
        return {"name": rule, **values}


def lines_of(text: str) -> list[str]:
    """The lines that say anything."""
    return [line.strip() for line in text.splitlines() if line.strip()]
