"""Every message that Python sends to the page, by the name of its part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from mergelab.ui.messages.figure_states import FigureState, FigureStateWord
from mergelab.ui.messages.message import message
from mergelab.ui.messages.own.task_sets import TaskSets
from mergelab.ui.messages.recipe import BuiltFile, LinkMessage, OpenedText, OwnModelsOffer, RecipeExports, StoryMessage
from mergelab.ui.messages.scores import HealthMessage, Scores
from mergelab.ui.messages.sidebar import KnobRange, KnobValue, ListEntry, RefusedValue, VariedValues
from mergelab.ui.messages.stack import StackDiagram
from mergelab.ui.messages.status import Status
from mergelab.ui.messages.tabs.answered import AnswersMessage, TriedMessage
from mergelab.ui.messages.tabs.charts import Charts, CurvesMessage
from mergelab.ui.messages.tabs.compare import Comparison
from mergelab.ui.messages.tabs.damaged import DamageMessage
from mergelab.ui.messages.tabs.paper_claims import PaperClaims
from mergelab.ui.messages.tabs.remembered_runs import HistoryEntry, RunFile, RunList
from mergelab.ui.messages.tabs.sweeping import SweepMessage
from mergelab.ui.messages.tabs.tensor import (
    MapCells,
    MapCoordinates,
    PairConflicts,
    SpectrumMessage,
    TensorFailure,
    TensorList,
    TensorUpdate,
)

EMPTY: Literal[""] = ""
"""Takes the comparison, the stack or the story off the page."""


@message
class PanelMessages:
    """The messages to the page, one part each. A part that is None stays as it is: it is not sent."""

    charts: Charts | None = None
    """Everything that moves with the knobs."""
    curves: CurvesMessage | None = None
    """The charts over every density."""
    damage: DamageMessage | None = None
    """What each place of the merge costs."""
    stack: StackDiagram | Literal[""] | None = None
    """The layers of a stack, in place of the charts; empty text if the recipe is a merge."""
    compare: Comparison | Literal[""] | None = None
    """Two recipes side by side; empty text if none is pinned."""
    scores: Scores | None = None
    """The scores on validation examples."""
    test: Scores | None = None
    """The scores on test examples."""
    status: Status | None = None
    """What the page is doing."""
    unset: Sequence[RefusedValue] | None = None
    """Typed numbers that were not taken."""
    home: RecipeExports | None = None
    """The recipe as texts to copy."""
    built: BuiltFile | None = None
    """The file that the Download button holds."""
    answer: float | None = None
    """The server's clock: an answer to a change of the sidebar has come. Its recipe is in `link`."""
    link: LinkMessage | None = None
    """The recipe on the sidebar."""
    notes: Sequence[str] | None = None
    """Which parts of the page's address did not fit."""
    own: OwnModelsOffer | None = None
    """Models that the address asks for and the page has not opened."""
    findings: Sequence[str] | None = None
    """What was noticed about the models of the last merge, one sentence each; none if other models are chosen since."""
    health: HealthMessage | Literal[""] | None = None
    """The health of the last merge; empty text if other models are chosen since."""
    story: StoryMessage | Literal[""] | None = None
    """The guided example; empty text if none is told any more."""
    device: str | None = None
    """Where the last merge ran: `cpu` or `cuda`."""
    later: float | None = None
    """The server's clock: the charts take a while, so the page must ask for a preview."""
    visitor: str | None = None
    """The id of the visitor's session."""
    complements: Mapping[str, str] | None = None
    """What 1 minus a knob's value is called, by the knob's widget."""
    lists: Mapping[str, Sequence[ListEntry]] | None = None
    """The choices of each list, by the list's widget."""
    glossary: Mapping[str, str] | None = None
    """What each term of the field means."""
    examples: Sequence[ListEntry] | None = None
    """The guided examples: `family` is the title of each."""
    defaults: Mapping[str, KnobValue] | None = None
    """The default of each knob, by its widget."""
    states: Mapping[FigureState, FigureStateWord] | None = None
    """What the states of figures are called, and what they mean."""
    ranges: Mapping[str, KnobRange] | None = None
    """What each knob's numbers may be, by its widget."""
    varied: VariedValues | None = None
    """What differs between layers, tensors or experts in the recipe on the sidebar."""
    opened: OpenedText | None = None
    """What became of a recipe that was to be opened."""
    figures: str | None = None
    """The key figures of the last report, as a table in plain text."""
    view: Sequence[str] | None = None
    """The parameters of the address that the page writes and reads by itself."""
    answers: AnswersMessage | None = None
    """Examples with what each model answered."""
    tried: TriedMessage | None = None
    """What the models say to a person's question."""
    answers_csv: str | None = None
    """The same as comma-separated values, for a download."""
    task_sets: TaskSets | None = None
    """The person's own task sets."""
    runs: RunList | None = None
    """Remembered runs."""
    run_file: RunFile | None = None
    """Runs as a file, for a download."""
    history: Sequence[HistoryEntry] | None = None
    """The last merges of this visit, the newest first."""
    sweep: SweepMessage | None = None
    """What a sweep may vary, and what the last one has found."""
    papers: PaperClaims | None = None
    """What papers claim, and what was measured of it."""
    tensors: TensorList | None = None
    """The list of tensors."""
    tensor: TensorUpdate | None = None
    """An opened tensor as a whole."""
    cells: MapCells | None = None
    """A window of the opened tensor as sums over cells."""
    coordinates: MapCoordinates | None = None
    """A window of the opened tensor coordinate by coordinate."""
    pair_conflicts: PairConflicts | None = None
    """The largest clashes of the opened tensor between two experts."""
    spectrum: SpectrumMessage | None = None
    """The singular values of the opened tensor."""
    unlooked: TensorFailure | None = None
    """Why the tensor could not be shown."""
