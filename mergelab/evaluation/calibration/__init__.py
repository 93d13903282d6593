"""Calibration statistics of models, for the methods that need them. Importing the package registers all of them."""

from __future__ import annotations

import importlib
import pkgutil

from mergelab.evaluation.calibration.estimate import estimate
from mergelab.evaluation.calibration.expert_statistics import Experts, take_statistics
from mergelab.evaluation.calibration.fisher_diagonal import Fisher, fisher_of
from mergelab.evaluation.calibration.fisher_directions import ESTIMATORS
from mergelab.evaluation.calibration.gram import Gram

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["ESTIMATORS", "Experts", "Fisher", "Gram", "estimate", "fisher_of", "take_statistics"]
