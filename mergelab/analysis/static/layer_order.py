"""Sorts layers in the order of computation: 2 before 10, embeddings first, heads last."""

from __future__ import annotations

from mergelab.checkpoints.alignment.tensor_location import address

AROUND = ("embeddings", "", "other", "head")
"""The layers before and after the numbered ones, for which the empty name stands."""


def depth_of(key: str) -> tuple[int, int]:
    """A sort key for tensors by layer; tensors of the same layer have equal keys."""
    layer, _ = address(key)
    return (AROUND.index("" if layer.isdecimal() else layer), int(layer) if layer.isdecimal() else 0)
