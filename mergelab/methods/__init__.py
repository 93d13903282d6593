"""Merge methods: importing this package imports all its modules, and each registers its method."""

from __future__ import annotations

import importlib
import pkgutil

from mergelab.methods.registry import METHODS, Rule, method

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["METHODS", "Rule", "method"]
