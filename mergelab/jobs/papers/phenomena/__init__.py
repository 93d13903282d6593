"""The phenomena, one per file. Importing the package registers all of them."""

from __future__ import annotations

import importlib
import pkgutil

from mergelab.jobs.papers.phenomenon_registry import PHENOMENA

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["PHENOMENA"]
