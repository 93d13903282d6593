"""Reproductions of papers as the message of the Papers tab."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from mergelab.checkpoints import list_suites
from mergelab.jobs.papers.papers_job import chosen_phenomena, ready_suites
from mergelab.jobs.papers.phenomenon_registry import Phenomenon
from mergelab.jobs.papers.reproduction import FigureRow, Reproduction
from mergelab.recipe import Recipe
from mergelab.ui.messages import ClaimOnSuite, PaperClaim, PaperClaims, PaperFigure, PaperOutcome

Place = tuple[str, str]
"""A phenomenon and a suite, by their names."""


def claims_message(
    published: Sequence[Reproduction], here: Mapping[Place, Reproduction], measuring: Place | None
) -> PaperClaims:
    """Every phenomenon on every suite: what was published, and what was measured here."""
    by_place = {(each.name, each.suite): each for each in published}
    suites, installed = list(dict.fromkeys([*ready_suites(), *(each.suite for each in published)])), list_suites()

    def on_suite(place: Place) -> ClaimOnSuite:
        outcome, own = _outcome(by_place.get(place)), _outcome(here.get(place))
        return ClaimOnSuite(place[1], outcome, own, command_of(place), place[1] in installed)

    claims = [_claim(each, [on_suite((each.name, suite)) for suite in suites]) for each in chosen_phenomena([])]
    return PaperClaims(claims, " on ".join(measuring) if measuring else "")


def command_of(place: Place) -> str:
    """The command line that measures a phenomenon on a suite."""
    name, suite = place
    return shlex.join(["mergelab", "reproduce", name, "--suite", suite])


def _claim(phenomenon: Phenomenon, suites: Sequence[ClaimOnSuite]) -> PaperClaim:
    known = phenomenon.number, phenomenon.name, phenomenon.title, phenomenon.claim
    return PaperClaim(*known, phenomenon.papers, suites)


def _outcome(found: Reproduction | None) -> PaperOutcome | None:
    if found is None:
        return None
    figures = [_figure(row) for row in found.figures]
    recipe = Recipe.from_mapping(found.recipe).to_yaml() if found.recipe else ""
    verdict = found.verdict.value
    return PaperOutcome(verdict, found.sentence, figures, found.notes, found.measured.words, recipe)  # type: ignore[arg-type]


def _figure(row: FigureRow) -> PaperFigure:
    seeds, verdict = ", ".join(map(str, row.seeds)), row.verdict.value if row.bound else ""
    return PaperFigure(row.label, row.written, row.written_interval, f"{row.n:,}", seeds, row.written_bound, verdict)
