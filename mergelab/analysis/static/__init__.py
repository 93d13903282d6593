"""What experts changed and how their changes relate, before a method touches them: figures with their definitions."""

from mergelab.analysis.static.definitions import DEFINITIONS
from mergelab.analysis.static.features import BASE, Bodies, cka_by_layer, skipped_cka
from mergelab.analysis.static.figure import MEASURED, SKIPPED
from mergelab.analysis.static.figures.figure_registry import Definition
from mergelab.analysis.static.fisher_views import FisherViews, as_fisher, fisher_views
from mergelab.analysis.static.inspect import Inspection, inspect
from mergelab.analysis.static.inspection_report import InspectionReport, report_of
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
    "FisherViews",
    "Inspection",
    "InspectionReport",
    "TensorSpectrum",
    "as_fisher",
    "cka_by_layer",
    "fisher_views",
    "inspect",
    "report_of",
    "skipped_cka",
    "tensor_spectrum",
]
