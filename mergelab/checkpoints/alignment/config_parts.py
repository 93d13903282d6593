"""Reads and replaces what a config says in more than one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mergelab.checkpoints.files.interface import Checkpoint

TEXT = "text_config"
"""The part of a multimodal model's config that describes its language model."""


def labels_of_head(model: Checkpoint) -> list[str] | None:
    """The labels of a classifier in the order of their ids; None if the config has none."""
    labels = model.config.get("id2label")
    return [str(labels[key]) for key in sorted(labels, key=str)] if isinstance(labels, dict) else None


def text_part(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The text part of a multimodal model's config; empty if there is none."""
    text = config.get(TEXT)
    return text if isinstance(text, dict) else {}


def everywhere(config: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    """The entries of `config` that change if `name` becomes `value` at the top and in the text part, where they have it."""
    text = text_part(config)
    inner = {TEXT: {**text, name: value}} if name in text else {}
    return {**({name: value} if name in config else {}), **inner}
