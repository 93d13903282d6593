"""Names and order of layers, modules and experts on chart axes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import takewhile

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
OUTSIDE = "other"
"""What addresses call the layer of tensors that belong to no layer."""
MOST_LETTERS = 16
"""Longer names of experts are shortened on axes."""
BREAKS = " -_/."


def module_place(module: str) -> tuple[int, int]:
    """A sort key: modules outside blocks first, then attention, then the rest, each in the order of computation."""
    group, _, part = module.rpartition(".")
    groups = ("", "attention", "cross", "mlp")
    return (groups.index(group) if group in groups else len(groups), PARTS.index(part) if part in PARTS else len(PARTS))


def cell_axes(cells: Collection[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """The layers from top to bottom and the modules from left to right of a map with these cells (layer, module)."""
    layers = layers_from_top([layer for layer, _ in cells])
    return layers, sorted(dict.fromkeys(module for _, module in cells), key=module_place)


def layers_from_top(layers: Collection[str]) -> list[str]:
    """Each layer once, with 2 before 10: files often list them by name. Layers without a number stay where they are."""
    found = list(dict.fromkeys(layers))
    numbers = iter(sorted((layer for layer in found if layer.isdecimal()), key=int))
    return [next(numbers) if layer.isdecimal() else layer for layer in found]


def module_name(module: str) -> str:
    """`query` for attention.query; modules found in several parts of a block keep the part: `attn norm`, `mlp norm`."""
    group, _, part = plain(module).rpartition(".")
    return f"{group.replace('attention', 'attn')} {part}".strip() if part in SHARED else part


def layer_name(layer: str) -> str:
    """`layer 3` for 3, `outside layers` for tensors in none; other layers keep their name."""
    if layer == OUTSIDE:
        return "outside layers"
    return f"layer {layer}" if layer.isdigit() else plain(layer)


def brief_names(names: Sequence[str], most: int = MOST_LETTERS) -> list[str]:
    """Names of at most `most` letters, if these tell them apart: without what all begin with, then without their middle.

    Names that are short enough stay as they are.
    """
    if all(len(name) <= most for name in names):
        return list(names)
    start = _shared_start(names)
    own = [name[start:] for name in names]
    return next(
        (
            cut
            for letters in range(most, 200)
            if len(set(cut := [_cut(name, letters) for name in own])) == len(set(own))
        ),
        own,
    )


def _shared_start(names: Sequence[str]) -> int:
    """The number of letters that all names begin with, up to a break between words; 0 for a single name."""
    if len(set(names)) < 2:
        return 0
    shared = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    return max((place for place, (letter, *_) in enumerate(shared, 1) if letter in BREAKS), default=0)


def _cut(name: str, letters: int) -> str:
    """Both ends of a name, with an ellipsis between them."""
    return (
        name
        if len(name) <= letters
        else f"{name[: letters // 2].rstrip()}…{name[len(name) - (letters - 1) // 2 :].lstrip()}"
    )
