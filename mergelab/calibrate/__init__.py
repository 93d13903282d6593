"""Statistics of models on calibration rows, for the methods that need them."""

from mergelab.calibrate.directions import ESTIMATORS
from mergelab.calibrate.estimate import estimate_fisher
from mergelab.calibrate.fisher import fisher_of

__all__ = ["ESTIMATORS", "estimate_fisher", "fisher_of"]
