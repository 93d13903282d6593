"""The slices of a config as one recipe, in which overrides by layer hold what differs between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mergelab.recipe import RecipeError
from mergelab.recipe.mergekit.draft import Draft
from mergelab.recipe.mergekit.method_table import PARAMETERS, WEIGHT, Reading
from mergelab.recipe.mergekit.values import EVERYWHERE, Override, grouped
from mergelab.recipe.name_pattern import name_pattern
from mergelab.recipe.overrides import Ramp, at

Layers = tuple[int, int]
Rules = tuple[Override, ...]
"""A value for all tensors, then values for those with matching names; the last match wins."""
Placed = tuple[tuple[Layers | None, str], float | Ramp]
"""Layers and a match, and the value for the tensors in both."""

EMBEDDINGS = "embed(ding|_tokens|_in|_positions)|wte|wpe"
"""Tensors before the layers, which have the parameters of the first slice; those after them have those of the last."""
BEFORE = ("model.embed_tokens.weight", "transformer.wte.weight", "transformer.wpe.weight", "word_embeddings.weight")
AFTER = ("model.norm.weight", "transformer.ln_f.weight", "lm_head.weight")
"""What tensors before and after the layers are called, to see which filters reach them."""


def mapping_of_slices(drafts: Sequence[Draft], layers: Sequence[Layers | None], reading: Reading) -> dict[str, Any]:
    """The mapping of the recipe that merges each slice as its draft says; `layers` has one range per draft.

    A gradient runs over its slice. Outside of the layers it has its first value.
    """
    ranges = [one for one in layers if one is not None]
    if len(ranges) < 2 or (all(draft == drafts[0] for draft in drafts) and not _graded(drafts[0])):
        return drafts[0].mapping()
    last = drafts[-1]
    experts: dict[str, dict[str, Any]] = {model: {"model": model} for model in last.experts}
    stages = {owner: dict(stage) for owner, stage in last.stages.items()}
    whole, chains = replace(last, experts=experts, stages=stages), _Chains(list(experts))
    for name, place in reading.numbers.items():
        models = list(experts) if PARAMETERS[name].per_model else [None]
        rules = {model: [_rules(draft, place, model) for draft in drafts] for model in models}
        outside = {model: _outside(each[-1]) for model, each in rules.items()}
        _set_plain(whole, place, {model: each[0][1] for model, each in outside.items() if each})
        chains.add(place, {model: list(_placed(rules[model], ranges, outside[model])) for model in models})
    return {**whole.mapping(), "overrides": chains.entries()}


class _Chains:
    """Overrides by model (None: all) and place."""

    def __init__(self, models: Sequence[str]) -> None:
        self.by_model: dict[str | None, dict[str, list[Placed]]] = {model: {} for model in (None, *models)}

    def add(self, place: str, placed: Mapping[str | None, list[Placed]]) -> None:
        """Add the overrides of a place; those that all models share are written once."""
        first, *others = placed.values()
        if all(other == first for other in others):
            placed = {None: first}
        for model, chain in placed.items():
            self.by_model[model][place] = chain

    def entries(self) -> list[dict[str, Any]]:
        """The overrides of a recipe."""
        found = [entry for model, chains in self.by_model.items() for entry in grouped(chains, model)]
        return [_written(**entry) for entry in found]


def _written(match: tuple[Layers | None, str], **others: Any) -> dict[str, Any]:
    layers, pattern = match
    return {"match": pattern, **({"layers": list(layers)} if layers else {}), **others}


def _rules(draft: Draft, place: str, model: str | None) -> Rules:
    """The rules of a place from the last one for all tensors on, which hides those before it."""
    own = None if model is None else draft.experts[model].get(place)
    plain = draft.get(place) if own is None else own
    chain = draft.chains[None][place] + (() if model is None else draft.chains[model][place])
    rules = (*([] if plain is None else [(EVERYWHERE, plain)]), *chain)
    start = max((number for number, (match, _) in enumerate(rules) if match == EVERYWHERE), default=0)
    return rules[start:]


def _outside(rules: Rules) -> Rules:
    """The rules for tensors outside of layers, whose depth is 0."""
    return tuple(
        (match, float(at(value, 0.0))) if isinstance(value, tuple) else (match, value) for match, value in rules
    )


def _set_plain(whole: Draft, place: str, plain: Mapping[str | None, Any]) -> None:
    """Write the value for all tensors: once if it is the same for all experts, except weights."""
    values = list(plain.values())
    if place != WEIGHT and values and values.count(values[0]) == len(values):
        whole.set(place, values[0])
    for model, value in plain.items():
        if value != whole.get(place):
            whole.experts[str(model)][place] = value


def _placed(rules: Sequence[Rules], ranges: Sequence[Layers], outside: Rules) -> Iterator[Placed]:
    yield from (
        ((None, match), value) for match, value in (*outside[1:], *_for_embeddings(_outside(rules[0]), outside))
    )
    if any(each != outside for each in rules):  # all slices, so that the overrides say where the layers end
        for layers, each in _joined(ranges, rules):
            yield from (((layers, match), value) for match, value in each)


def _for_embeddings(first: Rules, outside: Rules) -> Rules:
    """Overrides that give embeddings the values of the first slice. Raises RecipeError for filters that prevent it."""
    if not first or all(_value(first, name) == _value(outside, name) for name in BEFORE):
        return ()
    filters = [rule for rule in first[1:] if any(map(name_pattern(rule[0]), BEFORE))]
    found = ((EMBEDDINGS, first[0][1]), *filters)
    if any(_value(outside + found, name) != _value(outside, name) for name in AFTER):
        raise RecipeError(
            f"the filters {', '.join(match for match, _ in filters)} reach embeddings and other tensors outside of the layers, "
            "which have the values of the first and the last slice: write the same values in both, or filters for one kind"
        )
    return found


def _value(rules: Rules, name: str) -> float | Ramp | None:
    """The value of a tensor; None if no rule reaches it."""
    values = [value for match, value in rules if name_pattern(match)(name)]
    return values[-1] if values else None


def _joined(ranges: Iterable[Layers], rules: Iterable[Rules]) -> Iterator[tuple[Layers, Rules]]:
    """Slices with their rules; neighbours with the same rules are one, unless a gradient starts again in each."""
    waiting: tuple[Layers, Rules] | None = None
    for layers, each in zip(ranges, rules, strict=True):
        if waiting and waiting[1] == each and not any(isinstance(value, tuple) for _, value in each):
            waiting = ((waiting[0][0], layers[1]), each)
            continue
        if waiting:
            yield waiting
        waiting = (layers, each)
    if waiting:
        yield waiting


def _graded(draft: Draft) -> bool:
    """Whether a gradient runs over the layers."""
    return any(
        isinstance(value, tuple) for chains in draft.chains.values() for chain in chains.values() for _, value in chain
    )
