"""Statistics of models on calibration rows, for the methods that need them. A module that registers a kind is found by itself."""

from __future__ import annotations

import importlib
import pkgutil

from mergelab.calibrate.directions import ESTIMATORS
from mergelab.calibrate.estimate import estimate
from mergelab.calibrate.experts import Experts, take_statistics
from mergelab.calibrate.fisher import Fisher, fisher_of
from mergelab.calibrate.gram import Gram

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["ESTIMATORS", "Experts", "Fisher", "Gram", "estimate", "fisher_of", "take_statistics"]
