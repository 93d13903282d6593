"""The config of a base with an adapter: the base's, as far as the adapter's tensors leave it true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mergelab.checkpoints.alignment.key_alignment import is_head
from mergelab.checkpoints.alignment.tensor_location import address
from mergelab.checkpoints.lora.assignment import Assigned
from mergelab.checkpoints.lora.changes.stored_change import Replaced
from mergelab.checkpoints.lora.changes.weight_changes import predicts_tokens

LABELS = ("id2label", "label2id")


def adapted_config(assigned: Assigned) -> Mapping[str, Any]:
    """The config of the base with an adapter.

    Labels are dropped if the adapter has a head of its own, `vocab_size` follows the rows of the embedding, and
    `tie_word_embeddings` is false if the output head is no longer the embedding.
    """
    base, changes = assigned.base, assigned.changes
    own = any(isinstance(change, Replaced) and _has_labels(key) for key, change in changes.items())
    config = {key: value for key, value in base.config.items() if not (own and key in LABELS)}
    for key, change in changes.items():
        if address(key) == ("embeddings", "word") and key in base.specs:
            config = _resized(config, base.specs[key].shape[0], change.spec.shape[0])
    return config | {"tie_word_embeddings": False} if assigned.head else config


def _has_labels(key: str) -> bool:
    """Whether `key` is a matrix of a head, whose rows belong to labels."""
    return is_head(key, "") and not predicts_tokens(key) and not key.endswith("bias")


def _resized(config: Mapping[str, Any], ours: int, theirs: int) -> dict[str, Any]:
    """`config` with the rows of the adapter's embedding as vocab_size, at the top and in the text part."""
    if ours == theirs:
        return dict(config)
    text = config.get("text_config")
    found = {**config, "text_config": _resized(text, ours, theirs)} if isinstance(text, dict) else dict(config)
    return found | {"vocab_size": theirs} if "vocab_size" in config else found
