"""The messages of the Runs tab: what was merged and scored before, on this page or elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated as A
from typing import Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from mergelab.ui.messages.message import Figure, message
from mergelab.ui.messages.scores import ScoreDifference

RunFileForm = TypeAliasType(
    "RunFileForm", A[Literal["csv", "parquet", "yaml"], Field(description="How runs are written to a file.")]
)


@message
class RunCell:
    """What a run has in a column."""

    text: str
    """For a person."""
    value: float | str
    """What the column is sorted by."""
    beside: str = ""
    """The 95 % interval of a score and its number of rows; empty text for other values."""
    among: str = ""
    """The models and rows behind a score, in words: scores may be ranked where these are equal. Empty text for other values."""
    rows: int = 0
    """The number of rows behind a score; 0 for other values."""


@message
class RunColumn:
    """A column in which the listed runs differ."""

    name: str
    """Its name."""
    title: str
    """What a person calls it."""
    is_number: bool
    """Whether all its values are numbers, so that a chart can be drawn over it."""
    is_score: bool
    """Whether it holds scores."""


@message
class RunRow:
    """A remembered run."""

    number: int
    """Its number."""
    name: str
    """The name of its recipe or model."""
    models: str
    """The base; empty text where all runs are of one."""
    state: str
    """How it ended, or that it is under way."""
    kind: str
    """What it did."""
    created: str
    """When it began, in UTC, in ISO 8601."""
    here: bool
    """Whether it belongs to this visit."""
    starred: bool
    """Whether a person gave it a star."""
    archived: bool
    """Whether a person put it away."""
    note: str
    """What a person wrote about it."""
    tags: Sequence[str]
    """The tags that a person gave it."""
    recipe: str
    """Its recipe as YAML; empty text if it scored a model as it is."""
    cells: Mapping[str, RunCell]
    """Its values, by the name of the column."""


@message
class RunModels:
    """A base and its experts, of which there are runs."""

    name: str
    """The base, or that all models are meant."""
    title: str
    """What a person calls them, with the number of runs."""


@message
class RunChart:
    """A chart of one column over another."""

    x: str
    """The column along the axis; empty text if the runs do not differ in a number."""
    y: str
    """The score; empty text if none is known."""
    figure: Figure | None
    """The chart; null if there is nothing to draw."""
    summary: str
    """The chart in one sentence, or why there is none."""


@message
class ComparedTask:
    """A task that two runs scored."""

    title: str
    """Its name and split."""
    one: str
    """The score of the first run."""
    other: str
    """The score of the other run."""
    difference: ScoreDifference | None
    """The other minus the first on the same rows; null if they answered other rows."""


@message
class ComparedRun:
    """A run beside the first of those that are compared."""

    number: int
    """Its number."""
    name: str
    """Its name."""
    settings: Sequence[Sequence[str]]
    """What differs: the setting, its value in the first run, its value in this run."""
    tasks: Sequence[ComparedTask]
    """The tasks that both scored."""


@message
class RunComparison:
    """Runs beside one of them."""

    number: int
    """The number of the run that the others are compared with."""
    name: str
    """Its name."""
    others: Sequence[ComparedRun]
    """The other runs."""


@message
class RunList:
    """Remembered runs, the newest first."""

    rows: Sequence[RunRow]
    """The runs."""
    columns: Sequence[RunColumn]
    """The columns in which they differ: means, other scores, settings."""
    models: Sequence[RunModels]
    """The models that may be chosen; empty if all runs are of the same."""
    chosen: str
    """The models whose runs are listed, by their name among `models`."""
    more: int
    """How many older runs are not listed."""
    archived: bool
    """Whether these are the archived runs."""
    chart: RunChart
    """A score of these runs over a setting."""
    comparison: RunComparison | None
    """Selected runs side by side; null if none are compared."""
    reproduced: str
    """What came of reproducing a run; empty text if none was."""
    problem: str
    """Why something could not be done; empty text if all is well."""


@message
class RunFile:
    """Runs as a file to save."""

    name: str
    """Its name."""
    kind: str
    """Its media type."""
    content: str
    """Its bytes in base64."""


@message
class HistoryEntry:
    """A merge of this visit."""

    number: int
    """The number of its run; 0 if it is not remembered."""
    name: str
    """The name of its recipe."""
    base: str
    """The reference of its base."""
    models: str
    """What its base is called beside those of the other merges."""
    score: str
    """Its mean score; empty text without task sets."""
    key: str
    """The key of its recipe."""


@message
class RunsRequest:
    """List runs, with a chart."""

    archived: bool
    """Whether to list the archived ones instead of the others."""
    x: str
    """The column along the axis of the chart; empty text leaves it to the server."""
    y: str
    """The score of the chart; empty text leaves it to the server."""
    models: str = ""
    """The models whose runs are listed; empty text means those of the newest run."""


@message
class RunMark:
    """Say something about a run; what is null stays as it is."""

    number: int
    """The run."""
    starred: bool | None
    """Whether it has a star."""
    archived: bool | None
    """Whether it is put away."""
    note: str | None
    """The text about it."""
    tags: Sequence[str] | None
    """All its tags."""


@message
class RunNumbers:
    """Compare runs with the first of them; with fewer than two nothing is compared any more."""

    numbers: Sequence[int]
    """The runs."""


@message
class ReproduceRequest:
    """Merge the recipe of a run again."""

    number: int
    """The run."""


@message
class RunFileRequest:
    """Write runs to a file."""

    numbers: Sequence[int]
    """The runs; all that are listed if there are none."""
    form: RunFileForm
    """How they are written."""
