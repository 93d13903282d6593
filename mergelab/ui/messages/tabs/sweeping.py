"""The messages of the Sweep tab: what may vary, and what a sweep has found so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated as A
from typing import Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from mergelab.ui.messages.message import Figure, message

SweepState = TypeAliasType(
    "SweepState",
    A[
        Literal["none", "running", "done", "stopped"],
        Field(description="Whether a sweep was started, and how far it has come."),
    ],
)


@message
class SweepSetting:
    """A setting of the recipe that a sweep can vary."""

    path: str
    """Its path in the recipe."""
    title: str
    """What a person calls it."""
    value: str
    """Its value in the recipe on the sidebar."""
    suggested: str
    """A few values over the slider: `FROM:TO:STEP`, or names with commas between."""


@message
class SweepPoint:
    """A recipe that was tried."""

    number: int
    """Its number, counted from 1."""
    state: str
    """Where it stands: racing, out, finished or refused."""
    settings: Sequence[str]
    """The values of the settings that vary, in their order; empty text for one that does not count."""
    value: float | None
    """The objective; null if it is not known."""
    text: str
    """The objective with its interval, for a person; the reason if the recipe was refused."""
    n: int
    """The rows that each task has answered."""
    best: bool
    """Whether it is the best."""
    alike: bool
    """Whether the rows do not tell it from the best."""
    recipe: str
    """Its recipe as YAML; empty text if it was refused."""


@message
class SweepMessage:
    """The Sweep tab."""

    of: str
    """The recipe whose settings are offered."""
    settings: Sequence[SweepSetting]
    """The settings that can vary."""
    objectives: Mapping[str, str]
    """What can be searched for, with its title, by name; none without task sets."""
    problem: str
    """Why no sweep can start; empty text if all is well."""
    state: SweepState
    """How far the sweep has come."""
    swept: str
    """The recipe that was varied; empty text before the first sweep."""
    columns: Sequence[str]
    """The titles of the settings that vary."""
    points: Sequence[SweepPoint]
    """The recipes that were tried."""
    axis: int
    """Which of the columns the chart is drawn over."""
    figure: Figure | None
    """The objective over that setting; null if there is nothing to draw."""
    summary: str
    """What was found, in full sentences; empty text before the end."""


@message
class SweepRequest:
    """Start a sweep."""

    over: Mapping[str, str]
    """The values of each setting that varies, by its path: `FROM:TO:STEP`, or a list with commas between."""
    objective: str
    """What is searched for."""
    sampler: str
    """How recipes are chosen; empty text for a grid where it is small."""
    points: int
    """The most recipes to try; 0 for as many as a small grid has."""
    minutes: float
    """The time after which no new recipe begins; 0 for no limit."""
    rows: int
    """The validation rows per task; 0 for all."""
    race: str
    """Which recipes leave early: halving, safe or none."""


@message
class SweepAxis:
    """Draw the chart over another setting."""

    axis: int
    """Which of the columns."""
