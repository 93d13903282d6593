"""The model that transformers builds for a checkpoint, without weights: its parameters, submodels and ties."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

import torch

from mergelab.checkpoints.files.interface import Checkpoint
from mergelab.checkpoints.files.silence import silence


def model_tree(checkpoint: Checkpoint) -> Any | None:
    """The model of the checkpoint's config on the meta device, where weights take no memory; None if unknown."""
    if not checkpoint.config.get("model_type"):
        return None
    return _built(json.dumps(dict(checkpoint.config), sort_keys=True, default=str))


@lru_cache(maxsize=8)
def _built(text: str) -> Any | None:
    import transformers

    content = json.loads(text)
    if content["model_type"] not in transformers.CONFIG_MAPPING:
        return None
    # A config of tests, or of another version, may be too incomplete to build a model: then names decide alone.
    with suppress(Exception), silence(), torch.device("meta"):
        config = transformers.CONFIG_MAPPING[content["model_type"]].from_dict(content)
        named = [getattr(transformers, str(name), None) for name in content.get("architectures") or ()]
        return named[0](config) if named and named[0] else transformers.AutoModel.from_config(config)
    return None


def parameter_names(tree: Any, keys: Mapping[str, object]) -> dict[str, str]:
    """File key -> the place into which transformers loads it, for keys in any form that this version reads.

    A key that is loaded as it is, or renamed, has the parameter's name. Several keys that become one parameter (the
    experts of a mixture, split projections) keep apart: their place is the parameter, the pattern and the numbers in it.
    """
    from transformers.conversion_mapping import get_model_conversion_mapping
    from transformers.core_model_loading import WeightConverter, dot_natural_key, rename_source_key

    transforms = get_model_conversion_mapping(tree)
    converters = [transform for transform in transforms if isinstance(transform, WeightConverter)]
    renamings = [transform for transform in transforms if not isinstance(transform, WeightConverter)]
    own = tree.state_dict()
    found = {}
    for key in sorted(keys, key=dot_natural_key):  # some renamings depend on the keys before
        place, pattern = rename_source_key(key, renamings, converters, tree.base_model_prefix, own)
        found[key] = place if pattern is None else f"{place} from {pattern} {_numbers(key)}"
    return found


def _numbers(key: str) -> str:
    return ".".join(part for part in key.split(".") if part.isdecimal())


def tied_parameters(tree: Any) -> dict[str, str]:
    """Parameter -> the parameter that it shares, where the config ties them."""
    tied: Mapping[str, str] = getattr(tree, "all_tied_weights_keys", None) or {}
    return dict(tied)


def submodels(tree: Any) -> dict[str, Any]:
    """Module path -> model, for every whole model inside another, such as the language model of a multimodal one."""
    from transformers import PreTrainedModel

    return {path: module for path, module in tree.named_modules() if path and isinstance(module, PreTrainedModel)}
