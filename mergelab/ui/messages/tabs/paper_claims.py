"""The messages of the Papers tab: what papers claim, and what the suites said when they were asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated as A
from typing import Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from mergelab.ui.messages.message import message

ClaimVerdict = TypeAliasType(
    "ClaimVerdict",
    A[
        Literal["holds", "does not hold here", "not separable", "cannot be asked"],
        Field(description="What a suite says about a claim."),
    ],
)


@message
class PaperFigure:
    """A measured figure, in words."""

    label: str
    """What was measured."""
    value: str
    """The figure with its unit."""
    interval: str
    """Its 95 % interval; `exact` for one that is counted on all weights."""
    n: str
    """The number of rows, or of weights."""
    seeds: str
    """The seeds of a random merge; empty text for others."""
    expected: str
    """What the claim expects of it; empty text if nothing."""
    verdict: str
    """What the figure says about the claim; empty text if nothing is expected of it."""


@message
class PaperOutcome:
    """What one suite said about a claim."""

    verdict: ClaimVerdict
    """The verdict."""
    sentence: str
    """The verdict in one sentence, with the figures that decide."""
    figures: Sequence[PaperFigure]
    """All figures; none if the suite cannot be asked."""
    notes: Sequence[str]
    """What was left out or chosen."""
    measured: str
    """When and how it was measured."""
    recipe: str
    """A recipe of it as YAML; empty text if there is none."""


@message
class ClaimOnSuite:
    """A claim on one suite."""

    suite: str
    """The suite."""
    published: PaperOutcome | None
    """What comes with MergeLab; null if it was not measured."""
    here: PaperOutcome | None
    """What this visit has measured; null if nothing."""
    command: str
    """The command that measures it."""
    is_installed: bool
    """Whether the suite is there, so that it can be asked."""


@message
class PaperClaim:
    """A claim of one or several papers."""

    number: int
    """Its number."""
    name: str
    """Its name on the command line."""
    title: str
    """The claim in a few words."""
    claim: str
    """The claim."""
    papers: Sequence[str]
    """The arXiv ids of the papers."""
    suites: Sequence[ClaimOnSuite]
    """What each suite says."""


@message
class PaperClaims:
    """The Papers tab."""

    claims: Sequence[PaperClaim]
    """All claims, by their numbers. Each has the same suites in the same order."""
    measuring: str
    """What is being measured, as `NAME on SUITE`; empty text if nothing is."""


@message
class ClaimRequest:
    """Measure a claim on a suite."""

    name: str
    """The claim's name."""
    suite: str
    """The suite."""
