"""Where the project's documents are."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parents[2]


def documents_folder() -> Path:
    """The folder `docs`: beside the package in a checkout, in the package where it is installed."""
    return next(docs for docs in (PACKAGE.parent / "docs", PACKAGE / "docs") if (docs / "glossary.md").is_file())
