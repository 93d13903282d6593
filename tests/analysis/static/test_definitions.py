"""The page of figures says what the code does."""

from __future__ import annotations

from repository import ROOT

from mergelab.analysis.static import DEFINITIONS
from mergelab.analysis.static.definitions import page


def test_docs_figures_is_what_the_definitions_say() -> None:
    written = (ROOT / "docs" / "figures.md").read_text(encoding="utf-8")
    assert written.rstrip() == page(), "write mergelab.analysis.static.definitions.page() to docs/figures.md"


def test_every_definition_says_what_how_and_in_which_unit() -> None:
    for name, each in DEFINITIONS.items():
        assert all((each.title, each.formula, each.tells, each.unit, each.of)), name
