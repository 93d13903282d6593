"""Layers in the order of computation, where names sort otherwise: 2 before 10, embeddings first, heads last."""

from __future__ import annotations

from mergelab.checkpoints.alignment.tensor_location import address

AROUND = ("embeddings", "", "other", "head")
"""What stands before and after the numbered layers, which are the empty name."""


def depth_of(key: str) -> tuple[int, int]:
    """Sorts tensors by their layer; those of one layer stay in the order that they had."""
    layer, _ = address(key)
    return (AROUND.index("" if layer.isdecimal() else layer), int(layer) if layer.isdecimal() else 0)
