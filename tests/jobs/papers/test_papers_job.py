"""Phenomena are measured on a suite, kept, and asked by name."""

from __future__ import annotations

import pytest

from mergelab import __version__
from mergelab.jobs.papers.papers_job import chosen_phenomena, reproduce_papers
from mergelab.jobs.papers.phenomena import PHENOMENA
from mergelab.jobs.papers.reproduction import PaperVerdict, Reproduction
from mergelab.recipe import Recipe
from mergelab.runtime.progress import finish


def test_the_scale_curve_of_pixels_is_an_inverted_u_and_is_kept() -> None:
    def asked(rows: int, known: bool) -> list[Reproduction]:
        return finish(reproduce_papers(["scale-curve"], ["pixels"], rows, device="cpu", known=known))

    assert asked(41, known=True) == []
    (found,) = asked(40, known=False)
    by_label = {row.label: row for row in found.figures}
    assert by_label["scale 1 minus scale 0.3"].verdict is PaperVerdict.HOLDS
    assert by_label["scale 0.3"].n == 5 * 40
    assert asked(40, known=True) == [found]
    assert (found.measured.version, found.measured.rows, found.measured.device) == (__version__, 40, "cpu")
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
