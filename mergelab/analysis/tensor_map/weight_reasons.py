"""Why each weight of a window is what it is, in the words of the recipe's sparsifier and method."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from mergelab.engine import PreparedMerge, Trace, in_recipe_order
from mergelab.methods.ops.reason import Fates, Reason, short
from mergelab.methods.registry import Rule
from mergelab.recipe.overrides import at

UNCHANGED, UNCOUNTED = "unchanged", "without weight"
Pick = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class WeightReasons:
    """What decides each weight of `*shape`, with experts in the recipe's order; numpy, which any process can read.

    `which` (*shape), uint8, counts into `sentences`, whose names in braces are those of `Reason`, and whose `figures` are
    float32 (*shape). `fates` (n_experts, *shape), uint8, count into `words`: 0 is a change that takes part. `details[word]`
    holds a text per expert. `coefficients` (n_experts, *shape), float32, as in `Reason`; None if there are none.
    """

    sentences: tuple[str, ...]
    which: NDArray[numpy.uint8]
    figures: Mapping[str, NDArray[numpy.float32]]
    words: tuple[str, ...]
    fates: NDArray[numpy.uint8]
    details: Mapping[str, tuple[str, ...]]
    coefficients: NDArray[numpy.float32] | None


def method_reason(prepared: PreparedMerge, traced: Trace) -> Reason | None:
    """What the method tells of a trace; None if it tells nothing."""
    rule = prepared.method.rule
    if rule.why is None:
        return None
    given = {**traced.arguments, "strengths": rule.strengths_of(traced.arguments)}
    return rule.why(traced.stack, **_named(rule.why, given))


def picked_with_reason(prepared: PreparedMerge, traced: Trace, pick: Pick) -> tuple[Trace, Reason | None]:
    """Some entries of a trace, and what the method tells of them. A method that needs the whole tensor sees all of it."""
    inside = traced.picked(pick)
    if prepared.method.rule.splits(traced.arguments):
        return inside, method_reason(prepared, inside)
    told = method_reason(prepared, traced)
    return inside, told.picked(pick) if told else None


def weight_reasons(prepared: PreparedMerge, traced: Trace, reason: Reason | None) -> WeightReasons:
    """The reasons for the weights of a trace, given what the method tells of them."""
    told = reason if reason and not traced.stays else Reason((traced.stays or _general(prepared.method.rule, traced),))
    after = " ".join(filter(None, _remarks(prepared, traced)))
    sentences = tuple(f"{sentence} {after}".strip() for sentence in told.sentences)
    words, codes, details = _joined(_all_fates(prepared, traced, told), traced.deltas)
    which = torch.zeros(traced.base.shape, dtype=torch.uint8) if told.which is None else told.which
    figures = {name: each.float().numpy() for name, each in told.figures.items()}
    coefficients = None
    if told.coefficients is not None:
        coefficients = in_recipe_order(prepared, told.coefficients.float().expand_as(traced.kept)).numpy()
    fates = in_recipe_order(prepared, codes).numpy()
    listed = {word: tuple(texts[place] for place in prepared.plan.listed) for word, texts in details.items()}
    return WeightReasons(sentences, which.numpy(), figures, words, fates, listed, coefficients)


def _general(rule: Rule, traced: Trace) -> str:
    """A true sentence for methods that tell nothing."""
    source = "the experts’ values of this weight" if rule.splits(traced.arguments) else "the whole tensor"
    return f"{rule.title} computes this weight from {source} and gives no further reason."


def _remarks(prepared: PreparedMerge, traced: Trace) -> Iterator[str]:
    """What holds at every weight besides the method's own sentence."""
    if traced.stays:
        return
    for step, told in _sparsifier_reasons(prepared, traced):
        yield told.sentences[0] and f"{step.title}: {told.sentences[0][0].lower()}{told.sentences[0][1:]}"
    plan = prepared.plan
    scale = plan.recipe.depth_scale
    factor = float(at(scale, plan.depths[traced.chunk.key])) if scale else 1.0
    if factor != 1:
        yield f"The depth scale then multiplies the change by {short(factor)}."


def _sparsifier_reasons(prepared: PreparedMerge, traced: Trace) -> Iterator[tuple[Rule, Reason]]:
    before = traced.deltas
    for step, after, settings in zip(prepared.steps, traced.sparse, traced.settings, strict=True):
        if step.rule.why is not None:
            yield step.rule, step.rule.why(before, after, **_named(step.rule.why, settings))
        before = after


def _all_fates(prepared: PreparedMerge, traced: Trace, told: Reason) -> Iterator[Fates]:
    """The fates that the steps tell of, in the order of the merge."""
    yield Fates(("", UNCHANGED), (traced.deltas == 0).to(torch.uint8))
    yield from (each.fates for _, each in _sparsifier_reasons(prepared, traced) if each.fates)
    dropped = (traced.kept == 0) & (traced.deltas != 0)
    if told.fates:
        yield told.fates
    elif told.coefficients is not None:
        uncounted = (told.coefficients == 0).expand_as(traced.kept) & (traced.kept != 0)
        yield Fates(("", UNCOUNTED), uncounted.to(torch.uint8))
    yield Fates(("", "dropped"), dropped.to(torch.uint8))


def _joined(several: Iterator[Fates], deltas: Tensor) -> tuple[tuple[str, ...], Tensor, dict[str, tuple[str, ...]]]:
    """One list of words, and for each change the first fate that befell it."""
    words, codes = [""], torch.zeros(deltas.shape, dtype=torch.uint8)
    details: dict[str, tuple[str, ...]] = {}
    for each in several:
        for number, word in enumerate(each.words[1:], 1):
            if word not in words:
                words.append(word)
            codes[(codes == 0) & (each.codes == number)] = words.index(word)
        details.update(each.details)
    return tuple(words), codes, details


def _named(function: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that `function` takes by name, on the CPU."""
    names = [name for name, each in signature(function).parameters.items() if each.kind is each.KEYWORD_ONLY]
    found = {name: given.get(name) for name in names}
    return {name: value.cpu() if isinstance(value, Tensor) else value for name, value in found.items()}
