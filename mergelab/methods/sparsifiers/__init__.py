"""Sparsifiers: importing this package imports all its modules, and each registers its sparsifier."""

from __future__ import annotations

import importlib
import pkgutil

from mergelab.methods.sparsifiers.sparsifier_registry import SPARSIFIERS, sparsifier

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["SPARSIFIERS", "sparsifier"]
