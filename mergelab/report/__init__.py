"""A dossier for those without a browser or without the lab: as JSON, as text, as one page that needs nothing else."""

from mergelab.report.mapping import mapping_of
from mergelab.report.page import page
from mergelab.report.text import text

__all__ = ["mapping_of", "page", "text"]
