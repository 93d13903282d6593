"""Inspection reports as JSON, text or one self-contained HTML page; also model cards and the method reference."""

from mergelab.report.html_page import page
from mergelab.report.json_report import mapping_of
from mergelab.report.text_report import text

__all__ = ["mapping_of", "page", "text"]
