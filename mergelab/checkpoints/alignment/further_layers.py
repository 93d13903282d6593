"""Recognises layers for further prediction, which some models store after their last layer and transformers does not load."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mergelab.checkpoints.alignment.config_parts import text_part

LAYER = re.compile(r"(?:model\.)?(?:language_model\.)?(?:model\.)?layers\.(\d+)\.")
NAMED = re.compile(r"(^|\.)(mtp|mtp_layers|mtp_block|nextn)\.")


def is_further_layer(key: str, config: Mapping[str, Any]) -> bool:
    """Whether `key` belongs to a layer for multi-token prediction: by its name, or by a number beyond the config's layers."""
    if NAMED.search(key):
        return True
    found, layers = LAYER.match(key), {**config, **text_part(config)}.get("num_hidden_layers")
    return bool(found and isinstance(layers, int) and not config.get("is_encoder_decoder") and int(found[1]) >= layers)
