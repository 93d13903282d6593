"""Figures that are read from sums over entries: every module of this package that registers one is found by itself."""

from __future__ import annotations

import importlib
import pkgutil

from mergelab.analysis.static.figures.figure_registry import EXPERT_FIGURES, PAIR_FIGURES, expert_figure, pair_figure

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["EXPERT_FIGURES", "PAIR_FIGURES", "expert_figure", "pair_figure"]
