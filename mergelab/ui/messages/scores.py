"""The messages of what was measured of a merge: a scored split with its table and its bars, and its health."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated as A
from typing import Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from mergelab.ui.messages.figure_states import FigureState
from mergelab.ui.messages.message import Figure, message

ScoreState = TypeAliasType(
    "ScoreState",
    A[
        Literal["none", "scoring", "stopped", "measured", "updating", "outdated"],
        Field(
            description="Whose scores they are. `measured`: of the recipe on the sidebar. `scoring`: of that recipe, and "
            "some tasks are still under way. `stopped`: of that recipe, and some tasks were not scored. `updating`: of an "
            "earlier recipe, with new scores under way. `outdated`: of an earlier recipe. `none`: there are none."
        ),
    ],
)
Pending = TypeAliasType(
    "Pending",
    A[
        Literal["scoring", "waiting", "stopped"],
        Field(description="Why a task has no score: it is being scored, its turn comes later, or it was not scored."),
    ],
)
Split = TypeAliasType(
    "Split", A[Literal["validation", "test"], Field(description="`validation` to choose knobs by, `test` to report.")]
)


Verdict = TypeAliasType(
    "Verdict",
    A[
        Literal["better", "worse", "negligible", "unclear"],
        Field(
            description="What the examples tell. `better` and `worse`: which of two models is better, whichever way the metric "
            "runs. `negligible`: there is no difference worth a name. `unclear`: there are too few examples to tell."
        ),
    ],
)


@message
class ScoreMessage:
    """A score with its 95 % interval, in the metric's own numbers and as they are written."""

    value: float
    """The score: for shares from 0 to 1."""
    low: float | None
    """The lower end of the interval; null if there is none."""
    high: float | None
    """The upper end of the interval; null if there is none."""
    text: str
    """The score: `75.5 %`, or `1.83` for bits per byte."""
    ends: str
    """The interval: `73–78`, or `1.79–1.87`."""


@message
class ScoreDifference:
    """A score minus another one on the same examples, with its paired 95 % interval."""

    value: float
    """The difference in the metric's own numbers: for shares from -1 to 1."""
    low: float | None
    """The lower end of the interval; null if there is none."""
    high: float | None
    """The upper end of the interval; null if there is none."""
    text: str
    """The difference: `+2.1` points, or `−0.050`."""
    ends: str
    """The interval: `−0.4 to +3.8`."""
    verdict: Verdict
    """Whether the first of the two models is better."""
    words: str
    """The verdict for a person."""


@message
class ExpertScore:
    """The score of an expert on a task that no expert is named for."""

    title: str
    """The expert's name."""
    colour: str
    """Its colour."""
    score: ScoreMessage
    """Its score."""
    difference: ScoreDifference | None
    """Merged minus this expert on the same examples; null unless both answers are known."""


@message
class ScoreRow:
    """One task, or the mean over those whose scores are shares."""

    title: str
    """The task's name."""
    is_mean: bool
    """Whether this is the mean."""
    place: int | None
    """The place of the task's own expert among the models, which is its colour; null without one."""
    n: int
    """The number of examples answered so far; 0 while it is not known."""
    asked: int
    """The number of examples that are asked in all: the score tightens until `n` reaches it."""
    metric: str
    """What is measured."""
    scale: str
    """What it is measured in, and which way is better; empty text for per cent."""
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
    to_own_text: str
    """The same as it is written; empty text if it is not known."""
    paired_base: ScoreDifference | None
    """Merged minus base on the same examples; null unless both answers are known row by row."""
    paired_own: ScoreDifference | None
    """Merged minus own expert on the same examples; null unless both answers are known row by row."""
    colour: str | None
    """The colour of the task's own expert; null without one."""
    experts: Sequence[ExpertScore]
    """The other experts that answer the task, in their order."""
    pending: Pending | None = None
    """Why the merged model has no score here; null if it has one."""


@message
class PinnedMean:
    """The mean over tasks of a pinned recipe that was scored on the same examples."""

    slot: str
    """Where it is pinned: `a` or `b`."""
    name: str
    """The first eight digits of the recipe's digest."""
    title: str
    """The method, and the sparsifier before it."""
    mean: ScoreMessage
    """The mean."""
    difference: float
    """The scored recipe's mean minus this one."""
    text: str
    """The same as it is written."""
    verdict: Verdict | None
    """What the examples tell of the scored recipe against this one; null unless both answers are known row by row."""


@message
class Headline:
    """The scores in one figure: the merged model's mean over its tasks whose scores are shares, or its only score."""

    mean: ScoreMessage
    """The mean; with one task, its score."""
    scale: str
    """What it is measured in, and which way is better."""
    tasks: int
    """The number of tasks."""
    n: int
    """The number of examples answered so far, of all tasks."""
    asked: int
    """The number of examples that are asked in all."""
    to_experts: float | None
    """The mean minus the mean of each task's own expert; null unless all experts were scored."""
    to_experts_text: str
    """The same as it is written; empty text if it is not known."""
    verdict: Verdict | None
    """What the examples tell of the merged model against the experts; null unless all answers are known row by row."""
    pinned: PinnedMean | None
    """A pinned recipe to compare with; null if none is pinned and scored."""


@message
class ScoreLegend:
    """One entry of the bars' legend."""

    title: str
    """What the colour stands for."""
    colour: str
    """The colour, or the name of the theme's colour."""


@message
class Scores:
    """The scores of one split."""

    state: ScoreState
    """Whether the scores belong to the recipe on screen."""
    chip: str
    """The state for a person, beside the headings; empty text if there are no scores."""
    chip_state: FigureState | None
    """The state among those of all figures; null if there are no scores."""
    about: str
    """Which recipe the scores are of."""
    digest: str | None
    """The digest of the scored recipe; null if nothing was scored."""
    rows: Sequence[ScoreRow]
    """One row per task, then the mean over those whose scores are shares."""
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
    """What stands in place of missing scores; empty text if something is under way or shown."""
    headline: Headline | None = None
    """The mean over tasks; null until every task has a score. It belongs to the recipe `digest`, as `state` says."""
    settled: bool = False
    """Whether Merge has nothing to do: the sidebar's recipe was merged, and scored if it has task sets."""


HealthState = TypeAliasType(
    "HealthState",
    A[
        Literal["fine", "unhealthy", "unmeasured"],
        Field(description="What a check found. `unmeasured`: it could not be made, and says why."),
    ],
)


@message
class HealthCheckRow:
    """What one check of a merged model found."""

    title: str
    """What is checked."""
    state: HealthState
    """What was found."""
    word: str
    """The same in a word."""
    summary: str
    """The same in sentences, with how much was measured."""
    findings: Sequence[str]
    """What is wrong or unusual, one sentence each."""


@message
class HealthMessage:
    """The health of a merge: a verdict, and every check."""

    healthy: bool
    """Whether no check found anything wrong."""
    verdict: str
    """The verdict in one sentence."""
    chip: str
    """Whether it belongs to the recipe on the sidebar, in words."""
    chip_state: FigureState
    """The same, for its colour."""
    about: str
    """Which recipe was examined."""
    checks: Sequence[HealthCheckRow]
    """The checks, in their order."""
