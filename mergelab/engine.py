"""Plan a merge from headers alone, then run it tensor by tensor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from mergelab.checkpoints import Checkpoint, Compatibility, TensorSpec, compare, in_memory
from mergelab.methods.ops import keep_from
from mergelab.methods.registry import Base, Draws, Key, Position, Rule, Say, Stack, Statistic, Survey, Surveyed
from mergelab.methods.thresholds import own_thresholds
from mergelab.progress import Progress, Steps, finish
from mergelab.randomness import draws
from mergelab.recipe import Recipe, RecipeError, Step

Statistics = Mapping[str, Mapping[str, Mapping[str, Tensor]]]
"""kind -> model name -> the base's key -> tensor, such as `statistics["fisher"]["minilm/movie"]["encoder…"]`."""


KEEP_BYTES = 64 << 20
"""Deltas of up to so many bytes are read once per merge; larger models are read again in each pass."""


class MergeError(ValueError):
    """A merge that cannot go on: what is wrong, in which tensor of which model, and what to do."""


@dataclass(frozen=True)
class Plan:
    """Everything that is decided before the first weight is read.

    `experts`, `hashes`, `weights` and `positions` are sorted by content, so that the order in a recipe cannot change a bit
    of the result; `hashes` are the experts' content hashes, `positions` their places in the recipe. Without a base (`average` needs none) the first expert of the recipe
    stands in for names, dtypes and whatever is not merged.
    """

    recipe: Recipe
    base: Checkpoint
    experts: tuple[Checkpoint, ...]
    hashes: tuple[str, ...]
    expert_keys: tuple[Mapping[str, str], ...]
    weights: tuple[float, ...]
    positions: tuple[int, ...]
    compatibility: Compatibility
    statistics: Statistics = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        """The tensors that are merged, by the base's file keys."""
        return self.compatibility.mergeable

    @property
    def parameters(self) -> int:
        """How many numbers are merged."""
        return sum(self.base.specs[key].count for key in self.keys)

    def spec(self, key: str) -> TensorSpec:
        """Shape and dtype that `key` will have in the merged model."""
        stored = self.base.specs[key]
        if self.recipe.dtype == "base" or key in self.compatibility.left_out:
            return stored
        return TensorSpec(stored.shape, getattr(torch, self.recipe.dtype))


@dataclass(frozen=True)
class Merged:
    """One finished tensor; `note` is set for what was copied instead of merged."""

    key: str
    tensor: Tensor
    note: str = ""


@dataclass
class Stage:
    """A rule with its knobs and, once surveyed, the figures of the whole model that it asked for."""

    rule: Rule
    knobs: Mapping[str, Any]
    facts: dict[str, Any] = field(default_factory=dict)
    idle: set[str] = field(default_factory=set)
    """Tensors in which a survey saw no delta at all; they stay as the base has them."""


@dataclass(frozen=True)
class Settled:
    """A plan whose surveys are done: any tensor can now be merged by itself, in any order."""

    plan: Plan
    device: torch.device
    sparsify: Stage | None
    method: Stage
    remarks: list[str] = field(default_factory=list)
    kept: dict[str, Tensor] = field(default_factory=dict)
    """Deltas of a model small enough to hold on to between passes, by key."""

    @property
    def keeps(self) -> bool:
        """Whether all deltas together fit into `KEEP_BYTES`."""
        return 4 * self.plan.parameters * len(self.plan.experts) <= KEEP_BYTES

    @classmethod
    def unsurveyed(cls, plan: Plan, device: str) -> Settled:
        """A plan whose rules have not looked at the whole model yet: good for reading deltas alone."""
        recipe = plan.recipe
        sparsify = _stage(recipe.sparsifier, recipe.sparsify, plan) if recipe.sparsify and recipe.sparsifier else None
        return cls(plan, torch.device(device), sparsify, _stage(recipe.rule, recipe.method, plan))


def plan(
    recipe: Recipe, base: Checkpoint | None, experts: Sequence[Checkpoint], statistics: Statistics | None = None
) -> Plan:
    """Check that the models fit the recipe and each other, reading headers and hashes only.

    Raises CheckpointError with every incompatibility, or RecipeError when the method needs a base that is missing.
    """
    frame = base or _without_base(recipe, experts)
    compatibility = compare(frame, experts)
    compatibility.raise_if_refused()
    hashes = [expert.content_hash() for expert in experts]
    order = sorted(
        range(len(experts)), key=lambda place: (hashes[place], recipe.models[place].weight, experts[place].name)
    )
    return Plan(
        recipe, frame,
        experts=tuple(experts[place] for place in order),
        hashes=tuple(hashes[place] for place in order),
        expert_keys=tuple(compatibility.expert_keys[place] for place in order),
        weights=tuple(recipe.models[place].weight for place in order),
        positions=tuple(order),
        compatibility=compatibility,
        statistics=statistics or {},
    )  # fmt: skip


def run(settled: Settled) -> Iterator[Merged]:
    """Merge tensor by tensor in the base's key order, copied tensors included, each when it is asked for.

    What the rules had to say stands in `settled.remarks` afterwards.
    """
    plan, tied = settled.plan, settled.plan.compatibility.tied
    owners = {owner: merge_tensor(settled, owner) for owner in sorted(set(tied.values()))}
    for key in plan.base.specs:
        if key in plan.compatibility.left_out:
            yield _copied(plan, key)
        elif tied.get(key, key) in owners:
            yield Merged(key, owners[tied.get(key, key)])
        else:
            yield Merged(key, merge_tensor(settled, key))


def merged_body(settled: Settled) -> Steps[dict[str, Tensor]]:
    """Run in memory: all tensors of the base's file keys."""
    body: dict[str, Tensor] = {}
    for merged in run(settled):
        body[merged.key] = merged.tensor
        yield Progress("Merging", len(body), len(settled.plan.base.specs), merged.key)
    return body


def merge_state_dicts(
    recipe_like: Mapping[str, Any],
    models: Mapping[str, Mapping[str, Tensor]],
    base: Mapping[str, Tensor] | None = None,
    statistics: Statistics | None = None,
) -> dict[str, Tensor]:
    """Merge state dicts that are already in memory.

    `recipe_like` is a recipe's mapping, such as `{"method": {"name": "ties", "density": 0.2}}`; where it leaves out
    `models`, all of `models` take part with weight 1. `statistics` holds what a method asks for, for example
    `{"fisher": {name: {key: tensor}}}`. Inputs are not changed. The result has the base's keys and, unless the recipe
    says otherwise, its dtypes. Raises ValueError (RecipeError, CheckpointError, MergeError) saying what does not fit.
    """
    recipe = Recipe.from_mapping(
        {key: value for key, value in recipe_like.items() if key != "base"}, models=list(models)
    )
    for expert in recipe.models:
        if expert.model not in models:
            raise RecipeError(f"the recipe names {expert.model!r}, but models holds {', '.join(map(repr, models))}")
    frame = in_memory("base", base) if base is not None else None
    experts = [in_memory(expert.model, models[expert.model]) for expert in recipe.models]
    return finish(merged_body(finish(settle(plan(recipe, frame, experts, statistics)))))


def settle(plan: Plan, device: str = "cpu") -> Steps[Settled]:
    """Do the surveys that the recipe's rules ask for; afterwards every tensor stands on its own."""
    settled = yield from settle_sparsifier(plan, device)
    yield from _survey(settled, settled.method, partial(_method_stack, settled))
    return settled


def settle_sparsifier(plan: Plan, device: str = "cpu") -> Steps[Settled]:
    """Do the sparsifier's surveys alone: enough for `sparse_deltas`, before the method's statistics are known."""
    settled = Settled.unsurveyed(plan, device)
    if settled.sparsify:
        yield from _survey(settled, settled.sparsify, lambda key: Stack(key, deltas(settled, key), {}))
    return settled


def deltas(settled: Settled, key: str) -> Tensor:
    """Every expert minus the base, float32 (n_models, *shape); not to be changed in place."""
    if key in settled.kept:
        return settled.kept[key]
    values = _experts(settled, key).sub_(_base(settled, key))
    if settled.keeps:
        settled.kept[key] = values
    return values


def sparse_deltas(settled: Settled, key: str) -> Tensor:
    """The deltas that the sparsifier leaves; all of them when the recipe has none."""
    values = deltas(settled, key)
    return _apply(settled, settled.sparsify, key, values) if settled.sparsify else values


def kept_deltas(settled: Settled, key: str) -> Tensor:
    """The deltas that take part in the merge: after the sparsifier and after a method's own trim (TIES)."""
    values = sparse_deltas(settled, key)
    if "thresholds" not in settled.method.rule.inputs:
        return values
    thresholds = settled.method.facts["thresholds"]
    return keep_from(
        values, own_thresholds(values, settled.method.knobs["density"]) if thresholds is None else thresholds
    )


def merge_tensor(settled: Settled, key: str) -> Tensor:
    """One merged tensor in its final dtype, on the CPU: float32 inside, rounded once."""
    idle = key in settled.method.idle
    merged = settled.plan.base.read(key).clone() if idle else _merged(settled, key)
    final = merged.to(settled.plan.spec(key).dtype).cpu()
    _refuse_non_finite(final, key, "the merged model", "lower the scale, or choose a wider dtype")
    return final


def _merged(settled: Settled, key: str) -> Tensor:
    stack = _method_stack(settled, key)
    merged = _apply(settled, settled.method, key, stack.values, stack.statistics)
    if settled.method.rule.space == "weights":
        return merged
    base = _base(settled, key)
    return torch.where(merged == 0, base, base + merged)  # -0.0 + 0.0 would be 0.0


def sparse_expert(settled: Settled, place: int) -> Steps[dict[str, Tensor]]:
    """The expert at `place` of the plan after the sparsifier, as a full model in the base's keys.

    DARE + Fisher takes its statistics on these (Yu et al. 2024).
    """
    plan, body = settled.plan, {}
    for number, key in enumerate(plan.base.specs, 1):
        owner = plan.compatibility.tied.get(key, key)
        if owner in plan.keys:
            body[key] = (_base(settled, owner) + sparse_deltas(settled, owner)[place]).cpu()
        else:
            body[key] = plan.base.read(key)
        yield Progress("Sparsifying", number, len(plan.base.specs), key)
    return body


def _without_base(recipe: Recipe, experts: Sequence[Checkpoint]) -> Checkpoint:
    needy = recipe.method if recipe.rule.space == "deltas" else recipe.sparsify
    if needy:
        raise RecipeError(f"{needy.name} needs a base: name the model that the experts were fine-tuned from")
    return experts[0]


def _stage(rule: Rule, step: Step, plan: Plan) -> Stage:
    weights = {rule.per_model.name: torch.tensor(plan.weights)} if rule.per_model else {}
    return Stage(rule, {**step.knobs, **weights})


def _survey(settled: Settled, stage: Stage, stack_of: Any) -> Steps[None]:
    keys, n_models = settled.plan.keys, len(settled.plan.experts)
    for name, mark in stage.rule.wanting(Surveyed).items():
        survey = mark.start(n_models, {**stage.knobs, **stage.facts})
        while survey.passes:
            for number, key in enumerate(keys, 1):
                if key not in stage.idle:
                    _show(survey, stage, stack_of(key))
                yield Progress(f"Surveying for {stage.rule.title}", number, len(keys), key)
            survey.turn()
        stage.facts[name] = survey.result()


def _show(survey: Survey, stage: Stage, stack: Stack) -> None:
    if stage.rule.space == "deltas" and not stack.values.any():
        stage.idle.add(stack.key)
    else:
        survey.see(stack)


def _method_stack(settled: Settled, key: str) -> Stack:
    if settled.method.rule.space == "deltas":
        values = sparse_deltas(settled, key)
    elif settled.sparsify:
        values = _base(settled, key) + sparse_deltas(settled, key)
    else:
        values = _experts(settled, key)
    return Stack(
        key,
        values,
        _statistics(settled, key),
    )


def _apply(
    settled: Settled, stage: Stage, key: str, values: Tensor, statistics: Mapping[str, Tensor] | None = None
) -> Tensor:
    arguments = {**stage.knobs, **stage.facts}
    for name, mark in stage.rule.inputs.items():
        if not isinstance(mark, Surveyed):
            arguments[name] = _input(settled, mark, key, statistics or {})
    on_device = {
        name: value.to(settled.device) if isinstance(value, Tensor) else value for name, value in arguments.items()
    }
    return stage.rule.function(values, **on_device)


def _input(settled: Settled, mark: object, key: str, statistics: Mapping[str, Tensor]) -> Any:
    plan = settled.plan
    match mark:
        case Statistic():
            return statistics.get(mark.kind)
        case Key():
            return key
        case Position():
            return torch.tensor(plan.positions)
        case Base():
            return _base(settled, key)
        case Say():
            return lambda sentence: settled.remarks.append(f"{key}: {sentence}")
        case Draws():
            return drawn(plan, key)
    raise TypeError(f"no input for the mark {mark!r}")


def drawn(plan: Plan, key: str) -> Tensor:
    """The random integers of one tensor, int64 (n_models, *shape)."""
    return torch.stack([draws(plan.recipe.seed, content, key, plan.base.specs[key].shape) for content in plan.hashes])


def _base(settled: Settled, key: str) -> Tensor:
    return _read(settled, settled.plan.base, key, key)


def _experts(settled: Settled, key: str) -> Tensor:
    plan = settled.plan
    return torch.stack(
        [_read(settled, expert, keys[key], key) for expert, keys in zip(plan.experts, plan.expert_keys, strict=True)]
    )


def _read(settled: Settled, checkpoint: Checkpoint, file_key: str, key: str) -> Tensor:
    values = checkpoint.read(file_key).to(settled.device).float()
    _refuse_non_finite(values, key, checkpoint.name, "leave this model out or repair it")
    return values


def _statistics(settled: Settled, key: str) -> dict[str, Tensor]:
    """What the method's statistics are for one tensor; a partial one that nobody has is left out."""
    found = {}
    for mark in settled.method.rule.wanting(Statistic).values():
        shape = mark.shape(settled.plan.base.specs[key].shape)
        if shape is not None and not (mark.partial and _nobody_has(settled.plan, mark.kind, key)):
            found[mark.kind] = _statistic(settled, mark.kind, key, shape)
    return found


def _nobody_has(plan: Plan, kind: str, key: str) -> bool:
    given = plan.statistics.get(kind, {})
    return not any(key in given.get(expert.name, {}) for expert in plan.experts)


def _statistic(settled: Settled, kind: str, key: str, shape: tuple[int, ...]) -> Tensor:
    plan, given = settled.plan, settled.plan.statistics.get(kind, {})
    missing = [expert.name for expert in plan.experts if key not in given.get(expert.name, {})]
    if missing:
        raise MergeError(
            f"{plan.recipe.method.name} needs the {kind} statistics of {', '.join(missing)} for {key}: give statistics={{{kind!r}: {{name: {{key: tensor}}}}}}"
        )
    values = [given[expert.name][key].detach().float() for expert in plan.experts]
    for expert, found in zip(plan.experts, values, strict=True):
        if found.shape != shape:
            raise MergeError(
                f"the {kind} statistics of {expert.name} for {key} have shape {tuple(found.shape)}, {tuple(shape)} is expected"
            )
        _refuse_non_finite(found, key, f"the {kind} statistics of {expert.name}", "estimate them again")
    return torch.stack(values).to(settled.device)


def _copied(plan: Plan, key: str) -> Merged:
    return Merged(key, plan.base.read(key).clone(), plan.compatibility.left_out.get(key, "copied from the base"))


def _refuse_non_finite(values: Tensor, key: str, owner: str, remedy: str) -> None:
    # A finite sum proves finite values and costs one read; a sum may overflow by itself, so only then count.
    if values.is_floating_point() and not bool(torch.isfinite(values.sum())):
        count = int((~torch.isfinite(values)).sum())
        if count:
            raise MergeError(f"{key} of {owner} holds {count} values that are NaN or infinite: {remedy}")


def with_statistics(plan: Plan, statistics: Statistics) -> Plan:
    """The same plan with other statistics."""
    return replace(plan, statistics=statistics)
