"""What experts changed and how their changes relate, before a method touches them: figures with their definitions."""

from mergelab.inspection.definitions import DEFINITIONS, Definition
from mergelab.inspection.features import Bodies, alike, not_alike
from mergelab.inspection.figures import MEASURED, SKIPPED
from mergelab.inspection.fisher import FisherViews, as_fisher, fisher_views
from mergelab.inspection.inspecting import Inspection, inspect
from mergelab.inspection.one_tensor import TensorSpectrum, tensor_spectrum
from mergelab.inspection.spectral import TOP

__all__ = [
    "DEFINITIONS",
    "MEASURED",
    "SKIPPED",
    "TOP",
    "Bodies",
    "Definition",
    "FisherViews",
    "Inspection",
    "TensorSpectrum",
    "alike",
    "as_fisher",
    "fisher_views",
    "inspect",
    "not_alike",
    "tensor_spectrum",
]
