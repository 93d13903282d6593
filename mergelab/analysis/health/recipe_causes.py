"""What in a recipe probably makes a merged change, or a layer, too long or too short, and what to try instead.

Each function returns a cause and a next step, in parts of a sentence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from mergelab.analysis.health.layer_lengths import LayerLengths
from mergelab.engine import Plan
from mergelab.recipe.overrides import Override, at

CauseAndStep = tuple[str, str]
BY_SCALE = "which makes the change as long as the longest expert’s"
WRONG_BASE = "see with `mergelab inspect` whether every expert was fine-tuned from this base"
REPAIR = "merge again from the recipe, and look at what changed the file since"


def long_change(plan: Plan, lengths: LayerLengths, everywhere: bool) -> CauseAndStep:
    """For a change that is longer than the longest expert's: in some layers, or in the whole model."""
    found = _Settings.of(plan, lengths, everywhere)
    if found.most is not None and lengths.ratio > 1.01 * found.most:
        return f"{found.words} cannot make a change as long as this", REPAIR
    if found.rescaling > 1 and lengths.ratio <= 1.5 * found.rescaling:
        density = min(1.0, found.density * lengths.ratio**2)
        cause = f"density {found.density:g} multiplies the changes that are kept by {1 / found.density:.3g}"
        return cause, f"try density {density:.2g}, or rescale: none"
    if found.scale:
        return found.words, f"try scale {_rounded(found.scale / lengths.ratio)}{found.there}, {BY_SCALE}"
    return wrong_size(plan, lengths, everywhere) if plan.recipe.rule.space == "weights" else (found.words, WRONG_BASE)


def short_change(plan: Plan, lengths: LayerLengths, everywhere: bool) -> CauseAndStep:
    """For a change that is far shorter than the shortest expert's, or none at all."""
    found = _Settings.of(plan, lengths, everywhere)
    if not any(found.weights):
        return "every expert has weight 0 here", "give at least one expert a weight"
    if found.scale is not None and abs(found.scale) < 0.1:
        known = bool(lengths.ratio and found.scale)
        better = (
            f"try scale {_rounded(found.scale / lengths.ratio)}{found.there}, {BY_SCALE}"
            if known
            else "raise the scale"
        )
        return found.words, better
    if found.density < 0.05:
        return f"density {found.density:g} keeps few of the changes", "try density 0.2"
    if len([weight for weight in found.weights if weight]) == 1:
        return (
            f"{found.words} keeps next to nothing of its change",
            "raise what limits the change, or choose another method",
        )
    return (
        "the experts’ changes cancel each other",
        "raise the scale, or see with `mergelab inspect` which experts conflict",
    )


def wrong_size(plan: Plan, lengths: LayerLengths, everywhere: bool) -> CauseAndStep:
    """For a layer, or all of them, whose norm left the range of the base's and the experts'."""
    found = _Settings.of(plan, lengths, everywhere)
    total = math.fsum(found.weights)
    if plan.recipe.rule.space == "deltas":
        return long_change(plan, lengths, everywhere)
    if plan.recipe.rule.combines == "sum" and abs(total - 1) > 0.01:
        step = f"give weights that sum to 1, such as {1 / len(found.weights):.2g} each"
        return f"the weights sum to {total:.3g}{found.there}, and the merged weights grow with that sum", step
    if found.most is not None and lengths.ratio > 1.01 * found.most:
        return f"{found.words} cannot make a change as long as this", REPAIR
    return "the models’ weights cancel or add up, as if they did not come from one base", WRONG_BASE


@dataclass(frozen=True)
class _Settings:
    """What a recipe says for some tensors. `most` bounds change / longest expert's change by the triangle inequality, for
    sums and means; `rescaling` is the factor by which a sparsifier lengthens changes; `there` ends a step about a layer."""

    words: str
    there: str
    scale: float | None
    weights: tuple[float, ...]
    density: float
    rescaling: float
    most: float | None

    @classmethod
    def of(cls, plan: Plan, lengths: LayerLengths, everywhere: bool) -> _Settings:
        recipe = plan.recipe
        override = None if everywhere else _override(plan, lengths)
        key = next((key for key in lengths.keys if override and override.reaches(key)), lengths.keys[0])
        depth = plan.depths[key]
        method, before = (recipe.settings(owner, key, depth) for owner in ("method", "sparsify"))
        knob = recipe.rule.per_model
        given: Any = method[knob.name] if knob else (1.0,) * len(plan.experts)
        weights = tuple(float(weight) for weight in given)
        deep = float(at(recipe.depth_scale, depth)) if recipe.depth_scale else 1.0
        scale = _number(method.get("scale"))
        density = _least(before.get("density", method.get("density", 1.0)))
        rescaling = 1 / math.sqrt(density) if before and density and before.get("rescale", "none") != "none" else 1.0
        most = _most(plan, scale, weights, deep)
        words = _words(plan, scale, weights, deep, override)
        return cls(words, " there" if override else "", scale, weights, density, rescaling, most)


def _override(plan: Plan, lengths: LayerLengths) -> Override | None:
    """The last override that reaches these tensors, which is the one that counts."""
    reaching = [each for each in plan.recipe.overrides if any(map(each.reaches, lengths.keys))]
    return reaching[-1] if reaching else None


def _most(plan: Plan, scale: float | None, weights: tuple[float, ...], deep: float) -> float | None:
    combines, is_of_deltas = plan.recipe.rule.combines, plan.recipe.rule.space == "deltas"
    if plan.recipe.sparsify or combines not in (("sum", "mean") if is_of_deltas else ("mean",)):
        return None
    total = math.fsum(map(abs, weights))
    whole = abs(math.fsum(weights)) if combines == "mean" else 1.0
    return abs((1.0 if scale is None else scale) * deep) * total / whole if whole else None


def _words(plan: Plan, scale: float | None, weights: tuple[float, ...], deep: float, override: Override | None) -> str:
    active = [weight for weight in weights if weight]
    experts = f"{len(active)} expert{'' if len(active) == 1 else 's'}"
    if any(weight != 1 for weight in active):
        experts += f" whose weights sum to {math.fsum(active):.3g}"
    said = plan.recipe.rule.title if scale is None else f"scale {scale:g}"
    said += f" times depth_scale {deep:.3g}" if deep != 1 else ""
    return f"the override for {override.where} gives {said} with {experts}" if override else f"{said} with {experts}"


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _least(value: Any) -> float:
    return min(map(float, value)) if isinstance(value, tuple) else float(value)


def _rounded(value: float) -> str:
    """Two digits, rounded towards 0, so that the change does not become longer than told."""
    if not value:
        return "0"
    step = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    return f"{math.trunc(value / step + 1e-9) * step:.2g}"
