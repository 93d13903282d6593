"""The config of a stack: the base's, with the number of its layers and what differs from layer to layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mergelab.checkpoints.alignment.config_parts import TEXT
from mergelab.checkpoints.alignment.model_tree import model_tree
from mergelab.checkpoints.files.errors import CheckpointError
from mergelab.checkpoints.files.interface import Checkpoint
from mergelab.checkpoints.stacking.layer_list import DEPTH

NUMBER_LISTS = ("mlp_only_layers", "moe_layers", "cross_attention_layers", "hybrid_layer_ids")
"""Entries that list the numbers of some layers."""
NOT_BY_LAYER = ("architectures", "token_id", "token_ids")
"""Ends of the names of lists that do not go by layer, whatever their length."""
FURTHER = ("num_nextn_predict_layers", "mtp_num_hidden_layers")
"""Entries that count layers for further prediction, which a stack has none of."""

Sources = Sequence[tuple[Checkpoint, int]]
"""For each layer of the stack: its model, and its number there."""


def stacked_config(base: Checkpoint, sources: Sources, depths: Mapping[str, int]) -> dict[str, Any]:
    """The config of `base` for a stack of `sources`; `depths` has the number of layers of every model by its name.

    Raises `CheckpointError` if a model's config lacks a list by layer that another model's has.
    """
    config = _part_for(base, sources, depths, None)
    if isinstance(config.get(TEXT), dict):
        config[TEXT] = _part_for(base, sources, depths, TEXT)
    return config


def _part_for(base: Checkpoint, sources: Sources, depths: Mapping[str, int], name: str | None) -> dict[str, Any]:
    """The top level of the config, or the part `name` of it."""
    own = _part(base.config, name)
    lists = {model.name: _lists(model, depths[model.name], name) for model in (base, *(each for each, _ in sources))}
    found = {
        **own,
        **{key: len(sources) for key in DEPTH if own.get(key) is not None},
        **{key: 0 for key in FURTHER if own.get(key)},
        **dict(_joined(own, lists, sources)),
        **dict(_numbers(own, sources, name)),
    }
    if "attention_types" in found and "attention_layers" in found:  # GPT-Neo says it twice
        found["attention_types"] = [[found["attention_layers"], 1]]
    return found


def _joined(
    own: Mapping[str, Any], lists: Mapping[str, Mapping[str, list[Any]]], sources: Sources
) -> Iterator[tuple[str, list[Any]]]:
    """The lists by layer, put together from those of the models."""
    for key in sorted({key for of_model in lists.values() for key in of_model}):
        lacking = sorted({model.name for model, _ in sources if key not in lists[model.name]})
        if lacking:
            raise CheckpointError(
                f"the config of {lacking[0]} has no {key}, which says for each layer of another model what it is; "
                "stack models whose configs have the same lists"
            )
        values = [lists[model.name][key][layer] for model, layer in sources]
        if key in own or any(value != values[0] for value in values):
            yield key, values


def _numbers(own: Mapping[str, Any], sources: Sources, name: str | None) -> Iterator[tuple[str, list[int]]]:
    """The entries that list the numbers of some layers, with the numbers in the stack."""
    for key in NUMBER_LISTS:
        given = [_part(model.config, name).get(key) or () for model, _ in sources]
        chosen = [value if isinstance(value, (list, tuple)) else () for value in given]
        if any(chosen) or isinstance(own.get(key), list):
            yield key, [place for place, (_, layer) in enumerate(sources) if layer in chosen[place]]


def _part(config: Mapping[str, Any], name: str | None) -> Mapping[str, Any]:
    part = config if name is None else config.get(name)
    return part if isinstance(part, Mapping) else {}


def _lists(model: Checkpoint, depth: int, name: str | None) -> dict[str, list[Any]]:
    """The lists of a model's config with an entry for each layer; those that transformers derives are included."""
    return {**dict(_derived(model, depth, name)), **dict(_by_layer(_part(model.config, name), depth))}


def _by_layer(config: Mapping[str, Any], depth: int) -> Iterator[tuple[str, list[Any]]]:
    for key, value in config.items():
        if isinstance(value, list) and len(value) == depth and not key.endswith((*NUMBER_LISTS, *NOT_BY_LAYER)):
            yield key, value


def _derived(model: Checkpoint, depth: int, name: str | None) -> Iterator[tuple[str, list[Any]]]:
    """The kinds of layers that transformers derives from other entries, such as a pattern."""
    tree = model_tree(model)
    is_own = name == (TEXT if isinstance(model.config.get(TEXT), Mapping) else None)
    kinds = getattr(tree.config.get_text_config(), "layer_types", None) if tree is not None and is_own else None
    if isinstance(kinds, list) and len(kinds) == depth:
        yield "layer_types", kinds
