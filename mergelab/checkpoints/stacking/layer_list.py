"""Finds the list of a model's layers among its tensors."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from mergelab.checkpoints.alignment.further_layers import is_further_layer
from mergelab.checkpoints.alignment.problems import MUST_AGREE, config_value
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.interface import Checkpoint

NUMBERED = re.compile(r"(.+?)\.(\d+)\.(.+)")
"""The list, the number and the rest of a tensor's name; the first number is the layer, later ones count its parts."""
OTHER_SENSES = re.compile(r"vision|visual|image|audio|speech")
"""Words in the names of parts of a multimodal model that have layers of their own."""
DEPTH = MUST_AGREE["depth"]


@dataclass(frozen=True)
class LayerList:
    """The layers of a model: the name of their list, and for each layer its file keys by the name within the layer."""

    name: str
    layers: tuple[Mapping[str, str], ...]
    further: tuple[str, ...]
    """File keys of layers for further prediction, which transformers does not load."""

    @property
    def keys(self) -> frozenset[str]:
        """All file keys in layers."""
        return frozenset(key for layer in self.layers for key in layer.values()) | set(self.further)


def layer_list(model: Checkpoint) -> LayerList:
    """The one list of layers of `model`, whose length its config gives.

    Raises `CheckpointError` for models with several lists, such as an encoder and a decoder, and for those with none.
    """
    depth = config_value(model.config, DEPTH)
    if depth is None:
        raise CheckpointError(
            f"the config.json of {model.name} does not say how many layers it has ({', '.join(DEPTH)}), so its layers cannot be stacked"
        )
    further = tuple(key for key in model.specs if is_further_layer(key, model.config))
    lists = _lists(set(model.specs) - set(further))
    fitting = {name: layers for name, layers in lists.items() if set(layers) == set(range(depth))}
    if len(fitting) != 1 or model.config.get("is_encoder_decoder"):
        raise CheckpointError(_refusal(model, sorted(fitting), depth))
    (name, layers), *_ = fitting.items()
    return LayerList(name, tuple(layers[number] for number in range(len(layers))), further)


def _lists(keys: set[str]) -> Mapping[str, Mapping[int, Mapping[str, str]]]:
    """Name -> number -> name within the layer -> file key, for every numbered list of the text part."""
    found: dict[str, dict[int, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for key in sorted(keys):
        parts = NUMBERED.fullmatch(key)
        if parts and not OTHER_SENSES.search(parts[1]):
            found[parts[1]][int(parts[2])][parts[3]] = key
    return found


def _refusal(model: Checkpoint, found: list[str], depth: int) -> str:
    if model.config.get("is_encoder_decoder") or len(found) > 1:
        named = f" ({', '.join(found)})" if found else ""
        return f"{model.name} has several lists of layers{named}; only models with one list of layers can be stacked"
    return (
        f"{model.name} has no list of {depth} numbered layers, as its config.json says, so its layers cannot be stacked"
    )
