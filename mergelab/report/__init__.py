"""A dossier for those without a browser or without the lab: as JSON, as text, as one page that needs nothing else."""

from mergelab.report.html_page import page
from mergelab.report.json_report import mapping_of
from mergelab.report.text_report import text

__all__ = ["mapping_of", "page", "text"]
