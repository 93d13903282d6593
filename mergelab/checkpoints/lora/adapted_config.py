"""The config of a base with an adapter: the base's, as far as the adapter's tensors leave it true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mergelab.checkpoints.alignment.config_parts import everywhere
from mergelab.checkpoints.alignment.key_alignment import is_head
from mergelab.checkpoints.alignment.tensor_location import address
from mergelab.checkpoints.alignment.untied import untying
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
            config |= everywhere(config, "vocab_size", change.spec.shape[0])
    return config | untying(config) if assigned.head else config


def _has_labels(key: str) -> bool:
    """Whether `key` is a matrix of a head, whose rows belong to labels."""
    return is_head(key, "") and not predicts_tokens(key) and not key.endswith("bias")
