"""The model of a stack recipe as a checkpoint, whose tensors are read from its models when they are asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mergelab.checkpoints.alignment.config_notes import config_notes
from mergelab.checkpoints.alignment.config_parts import TEXT
from mergelab.checkpoints.alignment.framed import Alias, View, framed
from mergelab.checkpoints.alignment.problems import Problem, config_problems, config_value, storage_problems
from mergelab.checkpoints.alignment.tokens.token_frame import AUTO
from mergelab.checkpoints.alignment.tokens.vocabulary import read_vocabulary
from mergelab.checkpoints.alignment.tokens.vocabulary_checks import vocabulary_notes, vocabulary_problems
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.interface import Checkpoint, TensorSpec
from mergelab.checkpoints.files.phrases import ExpertNote, counted, dtype_name, listed, some_of, told_once
from mergelab.checkpoints.stacking.layer_kinds import layer_kind_notes
from mergelab.checkpoints.stacking.layer_list import DEPTH, LayerList, layer_list
from mergelab.checkpoints.stacking.outside_layers import Outside
from mergelab.checkpoints.stacking.stacked_config import Sources, stacked_config
from mergelab.recipe.stack_recipe import StackRecipe

OTHER_MODEL = "stack models of one architecture, width and vocabulary"
OTHER_TOKENS = "stack models of one vocabulary; if it only adds tokens, give it the tokenizer files of the base first"


@dataclass(frozen=True, eq=False)
class Scaled:
    """A tensor of a checkpoint times a factor in another number format, rounded once."""

    source: Checkpoint
    key: str
    factor: float
    dtype: torch.dtype

    @property
    def spec(self) -> TensorSpec:
        return TensorSpec(self.source.specs[self.key].shape, self.dtype)

    def read(self) -> Tensor:
        value = self.source.read(self.key)
        exact = value if value.dtype == torch.float64 else value.float()
        return (exact if self.factor == 1.0 else exact * self.factor).to(self.dtype)


@dataclass(frozen=True)
class StackedModel:
    """The stack as a checkpoint, and what was noticed about it, one sentence each."""

    model: Checkpoint
    notes: tuple[str, ...]


def stacked_model(recipe: StackRecipe, models: Mapping[str, Checkpoint]) -> StackedModel:
    """The model of `recipe` from its `models` by name: reads headers and configs, and no weights.

    Raises `CheckpointError` with every problem, one sentence each.
    """
    base, others = models[recipe.base], [models[name] for name in recipe.models[1:]]
    _raise([problem.sentence for problem in _model_problems(base, others)])
    lists = {name: layer_list(model) for name, model in models.items()}
    outside = Outside(
        base, lists[recipe.base], models[recipe.embeddings or recipe.base], models[recipe.head or recipe.base]
    )
    _raise([*_range_problems(recipe, lists), *(problem.sentence for problem in outside.problems())])
    sources = _sources(recipe, models)
    _raise([problem.sentence for problem in _shape_problems(base, sources, lists)])
    config = stacked_config(base, sources, {model.name: len(lists[name].layers) for name, model in models.items()})
    views = _views(recipe, models, lists, outside)
    stack = framed(base, views, config, hidden=frozenset(base.specs))
    notes = [*_model_notes(base, others), *_list_notes(models, lists), *outside.notes(), *_format_notes(stack)]
    return StackedModel(stack, (*notes, *dict.fromkeys(layer_kind_notes(stack, base, sources))))


def _raise(problems: list[str]) -> None:
    if problems:
        raise CheckpointError("\n".join(problems))


def _model_problems(base: Checkpoint, others: list[Checkpoint]) -> Iterator[Problem]:
    yield from storage_problems(base)
    for model in others:
        yield from storage_problems(model)
        yield from (replace(one, next_step=OTHER_MODEL) for one in config_problems(base, _as_deep(model, base)))
        yield from _vocabulary_problems(base, model)


def _vocabulary_problems(base: Checkpoint, model: Checkpoint) -> Iterator[Problem]:
    """Tokens with other ids; without the tokens of both models, another size of the vocabulary."""
    if read_vocabulary(base.folder) is not None and read_vocabulary(model.folder) is not None:
        yield from (replace(one, next_step=OTHER_TOKENS) for one in vocabulary_problems(base, model, AUTO))
        return
    ours, theirs = (config_value(each.config, ("vocab_size",)) for each in (base, model))
    if None not in (ours, theirs) and ours != theirs:
        yield Problem(model.name, f"its vocabulary has {theirs} tokens, but that of the base has {ours}", OTHER_MODEL)


def _as_deep(model: Checkpoint, base: Checkpoint) -> Checkpoint:
    """The model with the base's entries about its layers, which may differ in a stack."""
    own = _about_layers(base.config)
    text, ours = model.config.get(TEXT), base.config.get(TEXT)
    if isinstance(text, dict) and isinstance(ours, dict):
        own[TEXT] = {**text, **_about_layers(ours)}
    return framed(model, config=own)


def _about_layers(config: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in config.items() if key in DEPTH or isinstance(value, list)}


def _range_problems(recipe: StackRecipe, lists: Mapping[str, LayerList]) -> Iterator[str]:
    for number, part in enumerate(recipe.slices, 1):
        count = len(lists[part.model].layers)
        if part.layers[1] > count:
            yield (
                f"layers in entry {number} of slices end at {part.layers[1]}, but {part.model} has {count} layers; "
                f"end at most at {count}"
            )


def _sources(recipe: StackRecipe, models: Mapping[str, Checkpoint]) -> Sources:
    return [(models[part.model], layer) for part in recipe.slices for layer in range(*part.layers)]


def _shape_problems(base: Checkpoint, sources: Sources, lists: Mapping[str, LayerList]) -> Iterator[Problem]:
    """Tensors of layers whose shapes occur in no layer of the base: one problem for each model and pair of shapes."""
    shapes = defaultdict(set)
    for layer in lists[base.name].layers:
        for name, key in layer.items():
            shapes[name].add(base.specs[key].shape)
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for model, number in dict.fromkeys(sources):
        for name, key in lists[model.name].layers[number].items():
            if name in shapes and model.specs[key].shape not in shapes[name]:
                pair = f"{model.specs[key].shape} where the base has {' or '.join(map(str, sorted(shapes[name])))}"
                groups[model.name, pair].append(key)
    for (name, pair), keys in groups.items():
        yield Problem(name, f"it has {counted(keys, 'tensor')} of shape {pair} ({some_of(keys)})", OTHER_MODEL)


def _views(
    recipe: StackRecipe, models: Mapping[str, Checkpoint], lists: Mapping[str, LayerList], outside: Outside
) -> dict[str, View]:
    """Every tensor of the stack by its key."""
    found = {key: _view(recipe, *origin, 1.0) for key, origin in outside.origins().items()}
    place, name_of_list = 0, lists[recipe.base].name
    for part in recipe.slices:
        for layer in range(*part.layers):
            for name, key in lists[part.model].layers[layer].items():
                view = _view(recipe, models[part.model], key, part.factor(key))
                found[f"{name_of_list}.{place}.{name}"] = view
            place += 1
    return found


def _view(recipe: StackRecipe, model: Checkpoint, key: str, factor: float) -> View:
    stored = model.specs[key].dtype
    dtype = stored if recipe.dtype == "base" or not stored.is_floating_point else getattr(torch, recipe.dtype)
    plain = dtype == stored and (factor == 1.0 or not stored.is_floating_point)
    return Alias(model, key) if plain else Scaled(model, key, factor, dtype)


def _model_notes(base: Checkpoint, others: list[Checkpoint]) -> Iterator[str]:
    for model in (base, *others):
        yield from model.remarks
    yield from told_once(ExpertNote(model.name, text) for model in others for text in _differences(base, model))


def _differences(base: Checkpoint, model: Checkpoint) -> Iterator[str]:
    """What config and vocabulary of a further model say otherwise; `EXPERT` stands for its name."""
    yield from config_notes(base, _as_deep(model, base))
    yield from vocabulary_notes(base, model)


def _list_notes(models: Mapping[str, Checkpoint], lists: Mapping[str, LayerList]) -> Iterator[str]:
    for name in models:
        if further := lists[name].further:
            yield f"{name} has a further prediction layer, left out: it follows its last layer only ({some_of(further)})"


def _format_notes(stack: Checkpoint) -> Iterator[str]:
    """Number formats that meet in one stack, which transformers loads in one format."""
    formats = sorted(
        {
            dtype_name(spec.dtype)
            for spec in stack.specs.values()
            if len(spec.shape) > 1 and spec.dtype.is_floating_point
        }
    )
    if len(formats) > 1:
        yield (
            f"matrices are stored in {listed(formats)}, each as in its model; transformers loads all in one format: "
            "set dtype to choose it"
        )
