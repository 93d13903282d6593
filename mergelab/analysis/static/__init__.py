"""What experts changed and how their changes relate, before a method touches them: figures with their definitions."""

from mergelab.analysis.static.definitions import DEFINITIONS, Definition
from mergelab.analysis.static.features import BASE, Bodies, alike, not_alike
from mergelab.analysis.static.figure import MEASURED, SKIPPED
from mergelab.analysis.static.fisher_views import FisherViews, as_fisher, fisher_views
from mergelab.analysis.static.inspect import Inspection, inspect
from mergelab.analysis.static.inspection_report import Dossier, dossier_of
from mergelab.analysis.static.spectra.spectral_figures import TOP
from mergelab.analysis.static.spectra.tensor_spectrum import TensorSpectrum, tensor_spectrum

__all__ = [
    "BASE",
    "DEFINITIONS",
    "MEASURED",
    "SKIPPED",
    "TOP",
    "Bodies",
    "Definition",
    "Dossier",
    "FisherViews",
    "Inspection",
    "TensorSpectrum",
    "alike",
    "as_fisher",
    "dossier_of",
    "fisher_views",
    "inspect",
    "not_alike",
    "tensor_spectrum",
]
