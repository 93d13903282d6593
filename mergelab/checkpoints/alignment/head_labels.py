"""The labels of a classifier."""

from __future__ import annotations

from mergelab.checkpoints.files.interface import Checkpoint


def labels_of_head(model: Checkpoint) -> list[str] | None:
    """The labels in the order of their ids; None if the config has none."""
    labels = model.config.get("id2label")
    return [str(labels[key]) for key in sorted(labels, key=str)] if isinstance(labels, dict) else None
