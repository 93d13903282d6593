"""Names and order of layers and modules on chart axes."""

from __future__ import annotations

from mergelab.charts.style import plain

PARTS = (
    "word",
    "patch",
    "class",
    "position",
    "type",
    "query",
    "key",
    "value",
    "qkv",
    "output",
    "up",
    "gate",
    "gate_up",
    "down",
    "norm",
)
"""Modules from left to right, in the order of computation within a block."""
SHARED = ("output", "norm")


def module_place(module: str) -> tuple[int, int]:
    """A sort key: modules outside blocks first, then attention, then the rest, each in the order of computation."""
    group, _, part = module.rpartition(".")
    groups = ("", "attention", "cross", "mlp")
    return (groups.index(group) if group in groups else len(groups), PARTS.index(part) if part in PARTS else len(PARTS))


def module_name(module: str) -> str:
    """`query` for attention.query; modules found in several parts of a block keep the part: `attn norm`, `mlp norm`."""
    group, _, part = plain(module).rpartition(".")
    return f"{group.replace('attention', 'attn')} {part}".strip() if part in SHARED else part


def layer_name(layer: str) -> str:
    """`layer 3` for 3; other layers keep their name."""
    return f"layer {layer}" if layer.isdigit() else plain(layer)
