"""Compares the layers that transformers builds for a stack with those that it builds for the models they come from."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mergelab.checkpoints.alignment.model_tree import model_tree, parameter_names
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.interface import Checkpoint
from mergelab.checkpoints.files.phrases import counted, some_of
from mergelab.checkpoints.stacking.layer_list import NUMBERED, layer_list
from mergelab.checkpoints.stacking.stacked_config import Sources

NOT_COMPARED = re.compile(r"layer_(idx|id|index|number)|^_|drop|training|gradient")
"""Attributes that hold a layer's number, or that matter only in training."""


Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class _Built:
    """The layers that transformers builds from a config, and the shapes of the tensors outside of them."""

    layers: list[Any]
    outside: Shapes


def layer_kind_notes(stack: Checkpoint, base: Checkpoint, sources: Sources) -> Iterator[str]:
    """One sentence per setting that layers have otherwise in the stack than in their own models.

    Raises `CheckpointError` where a layer would be built of other parts, or where tensors outside of the layers have another
    shape at the depth of the stack than in `base`: then tensors would not fit.
    """
    found = {model.name: _built(model) for model in (base, *(model for model, _ in sources))}
    models = {name: built for name, built in found.items() if built is not None}
    if len(models) < len(found):
        yield (
            "transformers cannot build these models from their configs, so it was not checked whether layers mean the same at "
            "their new places; compare outputs before you use the stack"
        )
        return
    ours = _built(stack)
    if ours is None:
        raise CheckpointError(
            "transformers cannot build a model from the stack's config, although it can build those of its models: "
            "an entry of the config does not fit this number of layers, so they cannot be stacked"
        )
    _refuse_other_outside(ours.outside, models[base.name].outside, base.name)
    yield from _changes(
        ours.layers, [(models[model.name].layers[layer], _told(model, layer)) for model, layer in sources]
    )


def _changes(ours: list[Any], theirs: list[tuple[Any, str]]) -> Iterator[str]:
    """One sentence per setting that differs, with the first of its layers; refuses layers of other parts."""
    changes: dict[str, list[str]] = defaultdict(list)
    for place, (layer, told) in enumerate(theirs):
        _refuse_other_parts(ours[place], layer, place, told)
        for name, here, there in _other_settings(ours[place], layer):
            changes[name].append(f"{here} in layer {place} instead of {there} in {told}")
    for name, cases in changes.items():
        yield (
            f"{name} changes for {counted(cases, 'layer')} of the stack, because the config sets it by the layer's number or the "
            f"base's config applies to all layers ({some_of(cases, 1)})"
        )


def _told(model: Checkpoint, layer: int) -> str:
    return f"layer {layer} of {model.name}"


def _built(model: Checkpoint) -> _Built | None:
    """What transformers builds on the meta device; None if it does not know the model."""
    tree = model_tree(model)
    if tree is None:
        return None
    layers = layer_list(model).layers
    first = next(iter(layers[0].values()))
    parts = NUMBERED.fullmatch(parameter_names(tree, {first: None})[first])
    name = parts[1] if parts else ""
    modules = dict(tree.named_modules())
    found = [modules.get(f"{name}.{number}") for number in range(len(layers))]
    outside = {key: shape for key, shape in _shapes(tree).items() if not key.startswith(f"{name}.")}
    return None if None in found else _Built(found, outside)


def _refuse_other_outside(ours: Shapes, base: Shapes, name: str) -> None:
    if ours != base:
        raise CheckpointError(
            f"tensors outside of the layers of {name} depend on the number of layers ({some_of(_differing(ours, base))}), so they "
            "do not fit this stack; only a stack as deep as the base can be built"
        )


def _refuse_other_parts(ours: Any, theirs: Any, place: int, told: str) -> None:
    here, there = _shapes(ours), _shapes(theirs)
    if here != there:
        raise CheckpointError(
            f"layer {place} of the stack would be built of other parts than {told} ({some_of(_differing(here, there))}): the base's config has "
            "another kind of layer at that place; choose a layer of this kind, or another base"
        )


def _shapes(module: Any) -> Shapes:
    return {name: tuple(value.shape) for name, value in module.state_dict(keep_vars=True).items()}


def _differing(ours: Shapes, theirs: Shapes) -> list[str]:
    return sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))


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
