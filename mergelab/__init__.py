"""MergeLab: merge models in parameter space, see what interferes, measure, keep."""

from __future__ import annotations

import importlib
from typing import Any

from mergelab.runtime import portable

__version__ = "0.1.0"
portable.heed()

_HOME = {
    "merge_state_dicts": "mergelab.engine",
    "MergeNote": "mergelab.runtime.merge_note",
    "Recipe": "mergelab.recipe",
    "METHODS": "mergelab.methods",
    "SPARSIFIERS": "mergelab.methods.sparsifiers",
}
__all__ = ["METHODS", "SPARSIFIERS", "MergeNote", "Recipe", "__version__", "merge_state_dicts"]


def __getattr__(name: str) -> Any:
    """Public names arrive on first use, so that `import mergelab` does not import torch."""
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'mergelab' has no attribute {name!r}")
