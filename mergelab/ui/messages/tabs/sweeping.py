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
        Literal["none", "running", "done", "failed", "cancelled", "interrupted"],
        Field(description="Whether a sweep was started, and how far it has come."),
    ],
)


SweepEnd = TypeAliasType(
    "SweepEnd",
    A[
        Literal["cancelled", "failed", "interrupted"],
        Field(description="How a sweep came to stop before its end: a person, an error, or the end of its process."),
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
    options: Mapping[str, str]
    """The titles of the words that it can be, by name; empty for a number."""
    stage: str
    """The step of the recipe whose knob it is, method or sparsify; empty text for other settings."""
    owners: Sequence[str]
    """The methods or sparsifiers that have the knob."""
    ramps: bool
    """Whether it may go from one value in the first layer to another in the last."""


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
    """The first objective, of which more is better; null if it is not known."""
    texts: Sequence[str]
    """Each objective with its interval, for a person; none if they are not known."""
    problem: str
    """Why the recipe was refused; empty text if it was not."""
    n: int
    """The rows that each task has answered."""
    best: bool
    """Whether it is the best so far, or on the front of several objectives."""
    alike: bool
    """Whether the rows do not tell it from the best."""
    shown: bool
    """Whether it is among the share of the best that is shown."""
    recipe: str
    """Its recipe as YAML; empty text if it was refused."""


SweepForm = TypeAliasType(
    "SweepForm",
    A[
        Literal["line", "map", "parallel", "front"],
        Field(description="What a chart of a sweep runs over: one setting, two, all, or two objectives."),
    ],
)


@message
class SweepChart:
    """A chart of the recipes that were tried."""

    form: SweepForm
    """What it runs over."""
    forms: Mapping[str, str]
    """The forms that fit the sweep, with their titles."""
    x: int
    """Which of the columns the chart runs over from left to right."""
    y: int
    """Which of the columns a map runs over upwards."""
    logarithmic: bool
    """Whether an axis is logarithmic."""
    can_be_logarithmic: bool
    """Whether an axis could be: its numbers are above 0."""
    share: int
    """The share of the best that is shown, in per cent."""
    figure: Figure
    """The chart."""
    summary: str
    """What it shows, in full sentences."""
    note: str
    """How to read it."""


@message
class SweepImportance:
    """How much a setting decides whether a recipe is among the best."""

    title: str
    """What a person calls the setting."""
    value: float
    """The share of all importance, from 0 to 1."""
    low: float
    """The lower end of its 95 % interval."""
    high: float
    """The upper end."""


@message
class SweepImportances:
    """The importance of the settings for one objective."""

    title: str
    """The title of the objective."""
    settings: Sequence[SweepImportance]
    """The settings that vary, the largest first."""


@message
class SweepRequest:
    """Start a sweep."""

    over: Mapping[str, str]
    """The values of each setting that varies, by its path: `FROM:TO:STEP`, or a list with commas between."""
    objectives: Sequence[str]
    """What is searched for: one objective, or two for a front."""
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
    repeats: int
    """With how many seeds recipes are merged in which something is random."""


@message
class SweepLeft:
    """A sweep that can go on."""

    query: str
    """The query of a link to its recipe."""
    name: str
    """What the recipe is called."""
    request: SweepRequest
    """What was asked for."""
    at: str
    """When it was last known to run, as ISO 8601 with its zone; empty text if that is not known."""
    tried: int
    """The recipes that had left the race or finished by then."""
    points: int
    """The most recipes that it tries; 0 if that is not known."""
    state: SweepEnd
    """Why it has not come to its end."""
    here: bool = False
    """Whether it was stopped on the server that runs now: then it is offered to nobody but the browser that began it."""


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
    refusal: str
    """Why the sweep that was asked for last did not begin; empty text if it did."""
    left: SweepLeft | None
    """The last sweep if it was stopped, here or with an earlier server, whoever began it; null if there is none."""
    state: SweepState
    """How far the sweep has come."""
    swept: str
    """The recipe that was varied; empty text before the first sweep."""
    sought: Sequence[str]
    """The titles of the objectives."""
    columns: Sequence[str]
    """The titles of the settings that vary."""
    points: Sequence[SweepPoint]
    """The recipes that were tried."""
    chart: SweepChart | None
    """The chart of them; null if there is nothing to draw."""
    importances: Sequence[SweepImportances]
    """The importance of the settings that vary, for each objective."""
    importance_note: str
    """What the importances are computed from, or why there are none; empty text before the end."""
    summary: str
    """What was found, in full sentences; empty text before the end."""


@message
class SweepChartRequest:
    """Draw another chart of the sweep."""

    form: SweepForm | None
    """What it runs over; null for what fits the settings that vary."""
    x: int | None
    """Which of the columns from left to right; null for the first that fits."""
    y: int | None
    """Which of the columns upwards; null for the next that fits."""
    logarithmic: bool | None
    """Whether axes are logarithmic where they can be; null for as their ranges are."""
    share: int
    """The share of the best that is shown, in per cent."""
