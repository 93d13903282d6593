"""The commands, one per file; importing the package registers every module in it."""

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
    "health",
    "task",
    "adapter",
    "pack",
    "convert",
)
"""The order of commands in `mergelab --help`; other commands follow by name."""

_names = [module.name for module in pkgutil.iter_modules(__path__)]
_names.sort(key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))
COMMANDS = tuple(importlib.import_module(f"{__name__}.{name}") for name in _names)
"""Modules with a function `add(commands)` that adds a command to the argparse subparsers."""
