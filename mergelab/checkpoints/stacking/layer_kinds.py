"""Compares the layers that transformers builds for a stack with those that it builds for the models they come from."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from mergelab.checkpoints.alignment.model_tree import model_tree, parameter_names
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.interface import Checkpoint
from mergelab.checkpoints.files.phrases import counted, some_of
from mergelab.checkpoints.stacking.layer_list import NUMBERED, layer_list
from mergelab.checkpoints.stacking.stacked_config import Sources

NOT_COMPARED = re.compile(r"layer_(idx|id|index|number)|^_|drop|training|gradient")
"""Attributes that hold a layer's number, or that matter only in training."""


def layer_kind_notes(stack: Checkpoint, sources: Sources) -> Iterator[str]:
    """One sentence per setting that layers have otherwise in the stack than in their own models.

    Raises `CheckpointError` where a layer would be built of other parts: then its tensors would not fit.
    """
    ours = _layers(stack)
    trees = {model.name: _layers(model) for model, _ in sources}
    if any(layers is None for layers in trees.values()):
        yield (
            "transformers cannot build these models from their configs, so it was not checked whether layers mean the same at "
            "their new places; compare outputs before you use the stack"
        )
        return
    if ours is None:
        raise CheckpointError(
            "transformers cannot build a model from the stack's config, although it can build those of its models: "
            "an entry of the config does not fit this number of layers, so they cannot be stacked"
        )
    changes: dict[str, list[str]] = defaultdict(list)
    for place, (model, layer) in enumerate(sources):
        told = f"layer {layer} of {model.name}"
        theirs = (trees[model.name] or [])[layer]
        _refuse_other_parts(ours[place], theirs, place, told)
        for name, here, there in _other_settings(ours[place], theirs):
            changes[name].append(f"{here} in layer {place} instead of {there} in {told}")
    for name, cases in changes.items():
        yield (
            f"{name} changes for {counted(cases, 'layer')} of the stack, because the config sets it by the layer's number or the "
            f"base's config applies to all layers ({some_of(cases, 1)})"
        )


def _layers(model: Checkpoint) -> list[Any] | None:
    """The modules of the layers on the meta device; None if transformers does not know the model."""
    tree = model_tree(model)
    if tree is None:
        return None
    found = layer_list(model)
    first = next(iter(found.layers[0].values()))
    parts = NUMBERED.fullmatch(parameter_names(tree, {first: None})[first])
    modules = dict(tree.named_modules())
    layers = [modules.get(f"{parts[1]}.{number}") if parts else None for number in range(len(found.layers))]
    return None if any(layer is None for layer in layers) else layers


def _refuse_other_parts(ours: Any, theirs: Any, place: int, told: str) -> None:
    here, there = _parts(ours), _parts(theirs)
    if here != there:
        other = sorted(name for name in {*here, *there} if here.get(name) != there.get(name))
        raise CheckpointError(
            f"layer {place} of the stack would be built of other parts than {told} ({some_of(other)}), because the config "
            "makes layers by their numbers; choose layers of the kind that the config has at that place"
        )


def _parts(layer: Any) -> Mapping[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in layer.state_dict(keep_vars=True).items()}


def _other_settings(ours: Any, theirs: Any) -> Iterator[tuple[str, object, object]]:
    here, there = _settings(ours), _settings(theirs)
    for name in sorted(here.keys() & there.keys()):
        if here[name] != there[name]:
            yield name, here[name], there[name]


def _settings(layer: Any) -> Mapping[str, object]:
    """The plain settings of a layer's modules, by name."""
    return {
        f"{path}.{name}".lstrip("."): value
        for path, module in layer.named_modules()
        for name, value in vars(module).items()
        if isinstance(value, (bool, int, float, str, type(None))) and not NOT_COMPARED.search(name)
    }
