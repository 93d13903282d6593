"""The commands, one file each: every module of this package is one and is found by itself."""

from __future__ import annotations

import importlib
import pkgutil

FIRST = (
    "ui",
    "merge",
    "inspect",
    "presets",
    "import_config",
    "export_config",
    "evaluate",
    "adapter",
    "pack",
    "convert",
)
"""The head of the list that `mergelab --help` shows; other commands follow by name."""

_names = [module.name for module in pkgutil.iter_modules(__path__)]
_names.sort(key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))
COMMANDS = tuple(importlib.import_module(f"{__name__}.{name}") for name in _names)
"""Modules with a function `add(commands)` that adds a command to argparse's list."""
