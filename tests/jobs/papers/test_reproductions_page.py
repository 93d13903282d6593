"""The page of reproductions has a section for every phenomenon."""

from __future__ import annotations

from repository import ROOT

from mergelab.jobs.papers.papers_job import chosen_phenomena
from mergelab.jobs.papers.reproduction import Measurement, PaperVerdict, Reproduction, above, exact_row
from mergelab.jobs.papers.reproduction_record import ReproductionRecord
from mergelab.jobs.papers.reproductions_page import reproductions_page


def test_the_page_has_a_section_for_every_phenomenon_with_its_claim() -> None:
    page = (ROOT / "docs" / "reproductions.md").read_text(encoding="utf-8")
    for each in chosen_phenomena([]):
        section = page.partition(f"\n## {each.number}. {each.title}\n")[2].partition("\n## ")[0]
        assert each.claim in section and f"mergelab reproduce {each.name}" in section


def test_a_figure_stands_with_its_interval_rows_and_expectation() -> None:
    row = exact_row("conflict", 0.25, 8, bound=above(0.5))
    measured = Measurement("2026-05-01", "1.2.3", "cpu", None, 12.25)
    found = Reproduction(
        3, "x", "X", "Claim.", ("1",), "pixels", (row,), PaperVerdict.FAILS, "No.", {"base": "pixels"}, (), measured
    )
    page = reproductions_page(ReproductionRecord(("mergelab reproduce w", "mergelab reproduce x"), (found,)))
    assert "This page was written by `mergelab reproduce w`, then `mergelab reproduce x`; do not edit it." in page
    assert "| 3. X | does not hold here |" in page
    assert "| conflict | 25.0 % | exact | 8 |  | above 50.0 % | does not hold here |" in page
    assert "* Measured on 2026-05-01 with MergeLab 1.2.3 on all test rows, in 12 s (cpu)." in page
