"""Decides everything about a merge that headers tell, before weights are read."""

from __future__ import annotations

import hashlib
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor

from mergelab.checkpoints import Checkpoint, Compatibility, TensorSpec, compare, read_range
from mergelab.checkpoints.alignment.key_alignment import is_running_statistic
from mergelab.checkpoints.files.content_hash import tensor_bytes
from mergelab.checkpoints.files.phrases import counted, some_of
from mergelab.recipe import Recipe, RecipeError
from mergelab.recipe.overrides import depths

START = 64
"""Leading entries of each tensor that are read to tell experts apart."""
Statistics = Mapping[str, Mapping[str, Mapping[str, Tensor]]]
"""kind -> model name -> the base's key -> tensor, such as `statistics["fisher"]["minilm/movie"]["encoder…"]`."""


@dataclass(frozen=True)
class Plan:
    """Everything that is decided from headers, before weights are read. Immutable; survey results are kept elsewhere.

    `experts` are sorted by content, so that the order in a recipe cannot change a bit of the result; `positions` are
    their places in the recipe. Without a base (`average` needs none) the recipe's first expert provides the names, the
    dtypes and the tensors that are not merged.
    """

    recipe: Recipe
    base: Checkpoint
    experts: tuple[Checkpoint, ...]
    expert_keys: tuple[Mapping[str, str], ...]
    positions: tuple[int, ...]
    compatibility: Compatibility
    statistics: Statistics = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        """The tensors that the recipe's rules merge, by the base's file keys."""
        return self._split[0]

    @property
    def running_statistics(self) -> tuple[str, ...]:
        """The running means and variances, which are averaged apart from the recipe's rules, by the base's file keys."""
        return self._split[1]

    @cached_property
    def _split(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        found = self.compatibility.mergeable
        running = tuple(key for key in found if is_running_statistic(key))
        apart = frozenset(running)
        return tuple(key for key in found if key not in apart), running

    @property
    def notes(self) -> tuple[str, ...]:
        """What headers tell about the models, one sentence each."""
        running = self.running_statistics
        what = f"{counted(running, 'running statistic')} ({some_of(running)})"
        apart = f"{what} of data: averaged over the models, whatever the method, and in none of the figures of deltas"
        return (*self.compatibility.findings, *((apart,) if running else ()))

    def why_not_merged(self, key: str) -> str:
        """The reason why the rules do not merge a tensor, for a message about a `key` that is not in `keys`."""
        if key in self.running_statistics:
            return "it is a running statistic, which is averaged over the models, whatever the method"
        named = f"the merged tensors are called {self.keys[0]} … {self.keys[-1]}" if self.keys else "no tensor is"
        return self.compatibility.left_out.get(key, named)

    @cached_property
    def arithmetic(self) -> Mapping[str, torch.dtype]:
        """The dtype in which each tensor is merged: float64 if any model stores it in float64, else float32."""
        keys = self.compatibility.mergeable
        return {key: torch.float64 if torch.float64 in self.stored_dtypes(key) else torch.float32 for key in keys}

    def stored_dtypes(self, key: str) -> tuple[torch.dtype, ...]:
        """The dtypes in which the base and every expert store a merged tensor."""
        pairs = zip(self.experts, self.expert_keys, strict=True)
        return (self.base.specs[key].dtype, *(expert.specs[keys[key]].dtype for expert, keys in pairs))

    @cached_property
    def unweighted(self) -> frozenset[str]:
        """The merged tensors for which every expert has weight 0: no expert takes part, and the base's values stay."""
        keys = self.compatibility.mergeable
        if not self.recipe.overrides:
            return frozenset(keys if self._without_weight(keys[:1]) else ())
        return frozenset(self._without_weight(keys))

    def _without_weight(self, keys: Sequence[str]) -> list[str]:
        knob = self.recipe.rule.per_model
        if knob is None:
            return []
        settings = ((key, self.recipe.settings("method", key, self.depths[key])) for key in keys)
        return [key for key, knobs in settings if not any(typing.cast("tuple[float, ...]", knobs[knob.name]))]

    @cached_property
    def listed(self) -> tuple[int, ...]:
        """For each expert in the recipe's order, its index in `experts`."""
        return tuple(sorted(range(len(self.experts)), key=self.positions.__getitem__))

    @cached_property
    def parameters(self) -> int:
        """The number of merged parameters."""
        return sum(self.base.specs[key].count for key in self.keys)

    @cached_property
    def by_row(self) -> bool:
        """Whether chunks have to hold whole rows."""
        return self.recipe.sparsifier is not None and self.recipe.sparsifier.by_row

    @cached_property
    def hashes(self) -> tuple[str, ...]:
        """The experts' content hashes. The first access reads every expert."""
        return tuple(expert.content_hash() for expert in self.experts)

    @cached_property
    def depths(self) -> Mapping[str, float]:
        """Each tensor's depth in the model, from 0 to 1."""
        return depths(self.base.specs)

    @cached_property
    def specs(self) -> Mapping[str, TensorSpec]:
        """Shape and dtype of every tensor of the merged model, by the base's file keys."""
        if self.recipe.dtype == "base":
            return self.base.specs
        dtype, copied = getattr(torch, self.recipe.dtype), self.compatibility.left_out
        return {key: spec if key in copied else TensorSpec(spec.shape, dtype) for key, spec in self.base.specs.items()}


def plan(
    recipe: Recipe, base: Checkpoint | None, experts: Sequence[Checkpoint], statistics: Statistics | None = None
) -> Plan:
    """Check that the models fit the recipe and each other, reading headers and the first entries of each tensor.

    Raises CheckpointError with every incompatibility, or RecipeError when a base is missing that the method needs, or that
    has to give the tensors for which every expert has weight 0.
    """
    frame = base or _without_base(recipe, experts)
    weights = [expert.weight for expert in recipe.models]
    compatibility = compare(frame, experts, weights, recipe.file_choices, recipe.selection)
    _check_selection(recipe, compatibility)
    compatibility.raise_if_refused()
    _check_overrides(recipe, compatibility.mergeable)
    experts = compatibility.experts
    order = _by_content(recipe, experts, compatibility)
    made = Plan(
        recipe,
        compatibility.base,
        experts=tuple(experts[place] for place in order),
        expert_keys=tuple(compatibility.expert_keys[place] for place in order),
        positions=tuple(order),
        compatibility=compatibility,
        statistics=statistics or {},
    )
    if base is None:
        _refuse_unweighted(made)
    return made


def _refuse_unweighted(plan: Plan) -> None:
    """Refuse weights of 0 for all experts where there is no base to take the tensors from."""
    if found := sorted(plan.unweighted):
        raise RecipeError(
            f"every expert has weight 0 for {counted(found, 'tensor')} ({some_of(found)}), which the base gives then, but "
            "there is none: name a base, or give an expert a weight that is not 0"
        )


def _check_selection(recipe: Recipe, compatibility: Compatibility) -> None:
    """Refuse patterns of include and exclude that match no tensor: they are mistaken."""
    others = {key for expert in compatibility.experts for key in expert.specs}
    if idle := list(recipe.selection.idle(compatibility.base.specs, others)):
        raise RecipeError("\n".join(idle))


def _check_overrides(recipe: Recipe, keys: Sequence[str]) -> None:
    """Refuse overrides that match no tensor: their pattern is mistaken."""
    idle = [each.where for each in recipe.overrides if each.misses(keys)]
    if idle and keys:
        raise RecipeError(
            "\n".join(
                f"the override for {where} matches no merged tensor; they are called {keys[0]} … {keys[-1]}"
                for where in idle
            )
        )


def _by_content(recipe: Recipe, experts: Sequence[Checkpoint], compatibility: Compatibility) -> list[int]:
    """The experts' places in the recipe, ordered by content; equal experts are ordered by recipe weight and name.

    The first entries of every tensor nearly always tell experts apart. Only where they do not, all weights are hashed.
    """
    pairs = zip(experts, compatibility.expert_keys, strict=True)
    starts = [_start_of(expert, [keys[key] for key in compatibility.mergeable]) for expert, keys in pairs]
    alike = {start for start in starts if starts.count(start) > 1}

    def content(place: int) -> tuple[str, str, float, str]:
        whole = experts[place].content_hash() if starts[place] in alike else ""
        return starts[place], whole, recipe.models[place].weight, experts[place].name

    return sorted(range(len(experts)), key=content)


def _start_of(expert: Checkpoint, keys: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for key in keys:
        digest.update(tensor_bytes(read_range(expert, key, 0, min(START, expert.specs[key].count))))
    return digest.hexdigest()


def with_statistics(plan: Plan, statistics: Statistics) -> Plan:
    """The same plan with other statistics."""
    return replace(plan, statistics=statistics)


def _without_base(recipe: Recipe, experts: Sequence[Checkpoint]) -> Checkpoint:
    needy = recipe.method.name if recipe.rule.space == "deltas" else recipe.sparsify and recipe.sparsify.name
    needy = needy or ("match_norms" if recipe.match_norms != "none" else "")
    needy = needy or ("depth_scale" if recipe.depth_scale else "")
    if needy:
        raise RecipeError(f"{needy} needs a base: name the model that the experts were fine-tuned from")
    return experts[0]
