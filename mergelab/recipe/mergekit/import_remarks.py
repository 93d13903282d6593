"""What an import says about a config that a merge here reads differently, ignores or guesses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mergelab.recipe import Recipe
from mergelab.recipe.mergekit.config import Config
from mergelab.recipe.mergekit.layer_overrides import EMBEDDINGS
from mergelab.recipe.mergekit.method_table import IDLE, Reading, Role
from mergelab.recipe.mergekit.parameters import Parameters, has_negative
from mergelab.recipe.mergekit.slices import layers_of
from mergelab.recipe.mergekit.values import LayerwiseValue

MOST_SUMMED = 12
"""Of at most so many weights, all sums are looked at."""
CANCELLING = 1e-6
"""Sums of weights below this are 0 in float32."""


def remarks(config: Config, reading: Reading, recipe: Recipe, parameters: Sequence[Parameters]) -> Iterator[str]:
    """One sentence each: what has no effect, what is computed otherwise, what was assumed."""
    shared = [level for part in config.parts for level in config.shared(part)]
    sources = [source for part in config.parts for source in part.sources]
    if config.working not in (None, "float32"):
        yield f"mergekit computes in {config.working}; MergeLab computes in float32 and rounds once"
    if reading.sparsify and reading.sparsify["name"] in ("dare", "della"):
        yield "the random drop has mergekit's probabilities but different random bits, so other entries survive"
    named = {name for level in shared for name in level} & set(IDLE[config.merge_method]) - {"int8_mask"}
    for name in sorted(named):
        yield f"{name} has no effect in {config.merge_method}, neither in mergekit nor in MergeLab"
    if reading.base is Role.AROUND and any(one.parameters for one in sources if one.model == config.base_model):
        yield f"parameters of the base {config.base_model} have no effect, neither in mergekit nor in MergeLab"
    yield from _sign_remarks(reading, [[each.weight(expert.model) for expert in recipe.models] for each in parameters])
    yield from _sum_remarks(recipe)
    yield from _adapter_remarks(config)
    yield from _layer_remarks(config, recipe)


def _sum_remarks(recipe: Recipe) -> Iterator[str]:
    total = sum(expert.weight for expert in recipe.models)
    if recipe.method.name == "weighted_sum" and not recipe.overrides and abs(total - 1) > CANCELLING:
        yield f"the weights sum to {total:g}, so all merged weights are scaled by about {total:g}, in mergekit too"


def _sign_remarks(reading: Reading, weights: Sequence[Sequence[LayerwiseValue]]) -> Iterator[str]:
    """TIES divides by the sum of the weights that agree; where that is 0, mergekit divides by 1 instead."""
    divides = reading.method.get("divide") == "weights" and reading.method.get("combine") == "mean"
    if divides and any(map(_can_cancel, weights)):
        yield (
            "the weights of experts that agree can sum to 0 here: there mergekit adds their changes without dividing and "
            "MergeLab leaves the base; normalize: false adds them everywhere, in both tools"
        )


def _can_cancel(weights: Sequence[LayerwiseValue]) -> bool:
    """Whether some of the weights sum to 0; of weights that vary, or very many, whether they have both signs."""
    plain = [weight.value for weight in weights if weight.value and not weight.overrides]
    if len(plain) < len([weight for weight in weights if weight.overrides or weight.value]) or len(plain) > MOST_SUMMED:
        return has_negative(weights)
    sums = [0.0]
    for value in plain:
        sums += [total + value for total in sums]
    return any(abs(total) <= CANCELLING for total in sums[1:])


def _adapter_remarks(config: Config) -> Iterator[str]:
    if config.under_adapters:
        yield (
            f"the base is {config.under_adapters}, because the config has none and adapters are read as changes of the base; "
            "it also gives the configuration, the tokenizer and what is not merged"
        )


def _layer_remarks(config: Config, recipe: Recipe) -> Iterator[str]:
    layers = config.parts[-1].layers
    if layers and all(layers_of(source.reference.model) is None for source in config.parts[-1].sources):
        slices = "the slice ends" if len(config.parts) == 1 else "the slices end"
        yield f"{slices} at layer {layers[1]}, assumed to be the last layer of the models"
    if any(override.match == EMBEDDINGS for override in recipe.overrides):
        yield (
            "embeddings have the parameters of the first slice and other tensors outside of the layers those of the last, as "
            "in mergekit"
        )
