"""A figure holds, fails or stays open by its whole interval, and the worst figure decides."""

from __future__ import annotations

import pytest

from mergelab.evaluation.scores.interval import Estimate
from mergelab.jobs.papers.reproduction import (
    FigureRow,
    Outcome,
    PaperVerdict,
    above,
    below,
    exact_row,
    figure_row,
    growth,
    sentence_of,
    verdict_of,
)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.01, 0.03, "holds"), (-0.03, -0.01, "does not hold here"), (-0.01, 0.01, "not separable")],
)
def test_a_figure_is_judged_by_its_whole_interval(low: float, high: float, verdict: str) -> None:
    assert above(0.0).verdict(low, high) == verdict
    assert below(0.0).verdict(-high, -low) == verdict


def test_an_exact_figure_at_the_limit_is_not_beyond_it() -> None:
    assert exact_row("", 0.0, 8, bound=above(0.0)).verdict is PaperVerdict.FAILS


def test_one_figure_on_the_wrong_side_refutes_and_an_open_one_leaves_open() -> None:
    held, wrong = (exact_row("held", value, 8, "difference", above(0.0)) for value in (0.5, -0.5))
    unclear = FigureRow("unclear", 0.1, -0.1, 0.3, 8, "difference", (), above(0.0))
    assert verdict_of(Outcome((held,))) is PaperVerdict.HOLDS
    assert verdict_of(Outcome((held, unclear))) is PaperVerdict.OPEN
    assert verdict_of(Outcome((held, unclear, wrong))) is PaperVerdict.FAILS
    assert verdict_of(Outcome(impossible="no seeds")) is PaperVerdict.NOT_ASKED


def test_the_sentence_names_the_figures_that_decide() -> None:
    unclear = FigureRow("gap", 0.1, -0.1, 0.3, 8, "difference", (), above(0.0))
    told = sentence_of(Outcome((exact_row("held", 0.5, 8, bound=above(0.0)), unclear)))
    assert told == (
        "1 of 2 figures with an expectation is undecided: gap: +10.0 points (−10.0 to +30.0), expected above 0."
    )


def test_the_interval_over_seeds_contains_that_of_every_seed() -> None:
    row = figure_row("", [Estimate(0.25, 0.2, 0.3), Estimate(0.75, 0.7, 0.8)], 8, "share", (0, 1))
    assert (row.value, row.low, row.high, row.written_interval) == (0.5, 0.2, 0.8, "20–80")


def test_growth_is_as_wide_as_both_intervals_together() -> None:
    assert growth(Estimate(1.0, 0.5, 2.0), Estimate(4.0, 3.0, 4.5)) == Estimate(3.0, 1.0, 4.0)
