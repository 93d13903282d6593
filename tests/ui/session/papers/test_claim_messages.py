"""Reproductions as messages: every claim on every suite, with figures in words."""

from __future__ import annotations

from mergelab.jobs.papers.phenomena import PHENOMENA
from mergelab.jobs.papers.reproduction import FigureRow, Measurement, PaperVerdict, Reproduction, above
from mergelab.ui.messages import PaperFigure
from mergelab.ui.session.papers.claim_messages import claims_message, command_of

FIGURE = FigureRow("gap", 0.1, -0.1, 0.3, 1400, "difference", (0, 1), above(0.0))
RECIPE = {"base": "pixels", "models": ["pixels/mnist"], "method": "average"}
MEASURED = Measurement("2026-05-01", "1.2.3", "cpu", 200, 12.25)


def reproduction(suite: str) -> Reproduction:
    known = 4, "task-count", "T", "Claim.", ("2306.01708",), suite, (FIGURE,), PaperVerdict.OPEN, "Undecided."
    return Reproduction(*known, RECIPE, ("a note",), MEASURED)


def test_a_measured_claim_has_its_figures_in_words_and_others_have_none() -> None:
    message = claims_message([reproduction("pixels")], {}, None)
    assert [claim.number for claim in message.claims] == list(range(1, len(PHENOMENA) + 1))
    claim = message.claims[3]
    assert claim.papers == PHENOMENA["task-count"].papers
    pixels, minilm = claim.suites[:2]
    assert (minilm.suite, minilm.published, minilm.here, minilm.is_installed) == ("minilm", None, None, True)
    assert pixels.published and pixels.published.verdict == "not separable"
    assert pixels.published.figures == [
        PaperFigure("gap", "+10.0 points", "−10.0 to +30.0", "1,400", "0, 1", "above 0", "not separable")
    ]
    assert pixels.published.measured == (
        "Measured on 2026-05-01 with MergeLab 1.2.3 on 200 test rows per task, in 12 s (cpu)."
    )
    assert "mnist" in pixels.published.recipe


def test_what_was_measured_here_stands_beside_what_was_published() -> None:
    here = {("task-count", "pixels"): reproduction("pixels")}
    message = claims_message([reproduction("pixels")], here, ("task-count", "minilm"))
    pixels = message.claims[3].suites[0]
    assert pixels.here == pixels.published and message.measuring == "task-count on minilm"


def test_a_suite_of_the_record_that_is_not_here_is_listed_as_such() -> None:
    (*_, elsewhere) = claims_message([reproduction("elsewhere")], {}, None).claims[3].suites
    assert (elsewhere.suite, elsewhere.is_installed) == ("elsewhere", False)


def test_the_command_measures_one_claim_on_one_suite() -> None:
    assert command_of(("task-count", "pixels")) == "mergelab reproduce task-count --suite pixels"
