"""The record of reproductions keeps everything, and the document is rendered from it."""

from __future__ import annotations

from dataclasses import replace

import yaml
from repository import ROOT

from mergelab.jobs.papers.papers_job import NOT_DELIVERED
from mergelab.jobs.papers.reproduction import FigureRow, Measurement, PaperVerdict, Reproduction, above
from mergelab.jobs.papers.reproduction_record import ReproductionRecord, of_phenomena, published_record
from mergelab.jobs.papers.reproductions_page import reproductions_page
from mergelab.ui.form.texts.recipe_text import read_recipe_text

MEASURED = Measurement("2026-05-01", "1.2.3", "cpu", 200, 12.25)


def reproduction(number: int, suite: str) -> Reproduction:
    figure = FigureRow("gap", 0.1, -0.1, 0.3, 8, "difference", (0, 1), above(0.0))
    recipe = {"base": suite, "models": [f"{suite}/a"], "method": "average"}
    known = number, "x", "X", "Claim.", ("1", "2"), suite, (figure,), PaperVerdict.OPEN, "Undecided.", recipe
    return Reproduction(*known, ("a note",), MEASURED)


def test_a_record_is_read_as_it_was_written() -> None:
    record = ReproductionRecord(("mergelab reproduce x",), (reproduction(1, "pixels"),))
    assert ReproductionRecord.from_json(record.to_json()) == record


def test_a_record_keeps_what_was_not_measured_again() -> None:
    old = ReproductionRecord(("oldest", "old"), (reproduction(1, "pixels"), reproduction(2, "pixels")))
    again = replace(reproduction(2, "pixels"), sentence="Again.")
    found = old.updated(ReproductionRecord(("new", "oldest"), (again, reproduction(2, "minilm"))))
    assert found == ReproductionRecord(
        ("old", "new", "oldest"), (reproduction(1, "pixels"), again, reproduction(2, "minilm"))
    )


def test_reproductions_of_a_phenomenon_stand_together_by_its_number() -> None:
    found = [reproduction(2, "pixels"), reproduction(1, "pixels"), reproduction(2, "minilm")]
    assert [[each.suite for each in group] for group in of_phenomena(found)] == [["pixels"], ["pixels", "minilm"]]


def test_the_published_document_is_rendered_from_the_published_record() -> None:
    page = (ROOT / "docs" / "reproductions.md").read_text(encoding="utf-8")
    assert page == reproductions_page(published_record())


def test_every_published_recipe_of_a_delivered_suite_opens_on_the_page_without_leaving_the_suites() -> None:
    for each in published_record().reproductions:
        if each.recipe:
            read = read_recipe_text(yaml.safe_dump(dict(each.recipe)))
            assert each.suite == NOT_DELIVERED or (read.outside == () and read.models(1).base == each.suite)
