"""The message of a scored split: its table and its bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated as A
from typing import Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from mergelab.ui.messages.message import Figure, message

ScoreState = TypeAliasType(
    "ScoreState",
    A[
        Literal["none", "exact", "live", "stale", "updating"],
        Field(
            description="`live`: exact, merged without a click. `updating`: of an earlier recipe, with new scores under way."
        ),
    ],
)
Split = TypeAliasType(
    "Split", A[Literal["validation", "test"], Field(description="`validation` to choose knobs by, `test` to report.")]
)


@message
class ScoreMessage:
    """An accuracy with its 95 % interval, all from 0 to 1."""

    value: float
    """The accuracy."""
    low: float
    """The lower end of the interval."""
    high: float
    """The upper end of the interval."""


@message
class ScoreDifference:
    """An accuracy minus another one on the same examples, with its paired 95 % interval, all from -1 to 1."""

    value: float
    """The difference."""
    low: float
    """The lower end of the interval."""
    high: float
    """The upper end of the interval."""
    clear: bool
    """Whether the interval excludes 0: the examples tell the two models apart."""


@message
class ScoreRow:
    """One task, or the mean over all of them."""

    title: str
    """The task's name."""
    place: int | None
    """The place of the task's own expert among the models, which is its colour; null for the mean."""
    n: int
    """The number of examples."""
    metric: str
    """What is measured."""
    base: ScoreMessage | None
    """The base model's score."""
    own: ScoreMessage | None
    """The score of the task's own expert."""
    merged: ScoreMessage | None
    """The merged model's score."""
    over_base: float | None
    """Merged minus base."""
    to_own: float | None
    """Merged minus own expert."""
    paired_base: ScoreDifference | None
    """Merged minus base on the same examples; null unless both answers are known row by row."""
    paired_own: ScoreDifference | None
    """Merged minus own expert on the same examples; null unless both answers are known row by row."""
    colour: str | None
    """The colour of the task's own expert; null for the mean."""


@message
class ScoreLegend:
    """One entry of the bars' legend."""

    title: str
    """What the colour stands for."""
    colour: str
    """The name of the theme's colour."""


@message
class Scores:
    """The scores of one split."""

    state: ScoreState
    """Whether the scores belong to the recipe on screen."""
    about: str
    """Which run the scores come from."""
    digest: str | None
    """The digest of the scored recipe; null if nothing was scored."""
    rows: Sequence[ScoreRow]
    """One row per task, then their mean."""
    figure: Figure | None
    """The bars; null if nothing was scored."""
    summary: str
    """The scores in one sentence, for screen readers."""
    notice: str
    """How to read the scores."""
    split: Split | None
    """Which examples were scored; null if nothing was."""
    legend: Sequence[ScoreLegend]
    """The bars' legend."""
    empty: str
    """What stands in place of missing scores."""
