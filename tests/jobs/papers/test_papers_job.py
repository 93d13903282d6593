"""Phenomena are measured on a suite, kept, and asked by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from mergelab.jobs.papers.papers_job import chosen_phenomena, reproduce_papers
from mergelab.jobs.papers.phenomena import PHENOMENA
from mergelab.jobs.papers.reproduction import PaperVerdict
from mergelab.recipe import Recipe
from mergelab.runtime.progress import finish


def test_the_scale_curve_of_pixels_is_an_inverted_u_and_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path))
    asked = {"names": ["scale-curve"], "suites": ["pixels"], "rows": 40, "device": "cpu"}
    assert finish(reproduce_papers(**asked, known=True)) == []  # type: ignore[arg-type]
    (found,) = finish(reproduce_papers(**asked))  # type: ignore[arg-type]
    by_label = {row.label: row for row in found.figures}
    assert by_label["scale 1 minus scale 0.3"].verdict is PaperVerdict.HOLDS
    assert by_label["scale 0.3"].n == 5 * 40
    assert finish(reproduce_papers(**asked, known=True)) == [found]  # type: ignore[arg-type]
    assert found.recipe is not None and Recipe.from_mapping(found.recipe).method.knobs["scale"] == 0.3


def test_what_no_suite_can_answer_is_said_with_the_reason() -> None:
    (found,) = finish(reproduce_papers(["oracle-signs"], ["pixels"], device="cpu"))
    assert found.verdict is PaperVerdict.NOT_ASKED and "trained" in found.sentence and found.figures == ()


def test_an_unknown_phenomenon_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no phenomenon 'scale-curves'.*scale-curve"):
        chosen_phenomena(["scale-curves"])


def test_phenomena_come_by_their_numbers_and_each_has_its_own() -> None:
    numbers = [each.number for each in chosen_phenomena([])]
    assert numbers == sorted(set(numbers)) and len(numbers) == len(PHENOMENA)
