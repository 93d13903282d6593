"""Every message that the page sends to Python: what its events carry, and how a turned knob is reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mergelab.ui.messages.message import message
from mergelab.ui.messages.own.task_sets import TaskCorrection, TaskSetRequest
from mergelab.ui.messages.recipe import OwnModelsOffer, Pins
from mergelab.ui.messages.scores import Split
from mergelab.ui.messages.sidebar import KnobValue
from mergelab.ui.messages.tabs.damaged import Restored
from mergelab.ui.messages.tabs.paper_claims import ClaimRequest
from mergelab.ui.messages.tabs.remembered_runs import ReproduceRequest, RunFileRequest, RunMark, RunNumbers, RunsRequest
from mergelab.ui.messages.tabs.sweeping import SweepChartRequest, SweepRequest


@message
class KnobChanges:
    """Widgets that were turned since the last report."""

    visitor: str
    """The id of the visitor's session, as Python told it."""
    values: Mapping[str, KnobValue]
    """What each widget holds now, by its elem_id."""


@message
class ReportedValues:
    """Values that the page asks to set: typed beyond a slider's ends, or turned while the server was away."""

    values: Mapping[str, KnobValue]
    """What each widget should hold, by its elem_id."""


@message
class NarrowRequest:
    """Show one cell alone, or all tensors."""

    layer: str | None
    """The cell's layer; null for all tensors."""
    module: str | None
    """The cell's module; null for all tensors."""


@message
class PinRequest:
    """Pin a recipe."""

    slot: str
    """Where to pin it: `a` or `b`."""
    key: str | None
    """The key of the recipe, which was on the sidebar at the click; null for what is there now."""


@message
class UnpinRequest:
    """Take a pinned recipe away."""

    slot: str
    """Where it is pinned: `a` or `b`."""


@message
class Scene:
    """What was pinned and opened around a story."""

    pins: Pins
    """The pinned recipes."""
    at: str | None
    """The open cell as `layer:module`; null for all tensors."""
    tab: str | None = None
    """The open tab. Only the page uses it."""


@message
class RestoreRequest:
    """Undo or redo: set the sidebar to an earlier state."""

    key: str
    """The key of the earlier state."""
    scene: Scene | None
    """The scene to set as well; null if it stays as it is."""


@message
class TravelRequest:
    """Back or Forward: set the sidebar and the pinned recipes to what the address says."""

    query: str
    """The query of the address, without what the browser reads by itself."""


@message
class ExampleRequest:
    """Tell a guided example."""

    title: str
    """Its title."""


@message
class OpenRequest:
    """Open a recipe or a mergekit config."""

    text: str
    """What the file says."""
    agreed: bool
    """Whether models outside of the suites may be looked up."""


@message
class AdapterRequest:
    """Build a LoRA adapter of the merged model."""

    rank: int
    """The rank of every factor."""


@message
class TensorRequest:
    """Open a tensor."""

    tensor: str
    """The name of the tensor in the checkpoint."""


@message
class WindowRequest:
    """Show a window of the opened tensor, as cells or as coordinates."""

    window: tuple[int, int, int, int]
    """The first row, the first column, the number of rows and the number of columns."""


@message
class PairRequest:
    """Show the largest clashes of the opened tensor between two experts."""

    pair: tuple[int, int]
    """The places of the two experts in the recipe's order."""


@message
class AnswersRequest:
    """Show examples with their answers."""

    task: str
    """The task; another one is chosen if it has no answers."""
    filter: str
    """Which examples: the name of a filter."""
    page: int
    """The number of the page, from 0."""
    split: Split
    """Which examples were asked."""


@message
class TryRequest:
    """Ask all models a question."""

    task: str
    """The task in whose way it is asked, and whose head answers."""
    text: str
    """The text; empty text for a picture."""
    picture: Sequence[Sequence[int]] | None
    """The pixels of a picture, rows of numbers from 0 (black) to 255 (white); null for a text."""


@message
class DamageRequest:
    """Show or measure a damage map of the recipe on the sidebar."""

    restore: Restored
    """Whose tensors are put into a cell."""
    task: str
    """The task whose damage is drawn; empty text for the mean over all."""


@message
class PutBackRequest:
    """Set the sidebar to the recipe of the damage map, with an override for one cell."""

    layer: str
    """The cell's layer."""
    module: str
    """The cell's module."""


@message
class NoDetails:
    """An event that says nothing but its name."""


@message
class PanelEvents:
    """What each event of the panel carries, by the event's name."""

    narrow: NarrowRequest
    """Show one cell alone, or all tensors."""
    pin: PinRequest
    """Pin a recipe."""
    unpin: UnpinRequest
    """Take a pinned recipe away."""
    score: NoDetails
    """Merge and score both recipes that are compared."""
    restore: RestoreRequest
    """Undo or redo."""
    travel: TravelRequest
    """Back or Forward."""
    example: ExampleRequest
    """Tell a guided example."""
    own: OwnModelsOffer
    """Open the models that the address asks for."""
    values: ReportedValues
    """Set widgets to values that no slider reports."""
    open_recipe: OpenRequest
    """Open a recipe or a mergekit config."""
    look: TensorRequest
    """Open a tensor."""
    cells: WindowRequest
    """A window of the opened tensor as sums over cells."""
    coordinates: WindowRequest
    """A window of the opened tensor coordinate by coordinate."""
    tensors: NoDetails
    """The list of tensors."""
    pair_conflicts: PairRequest
    """The largest clashes of the opened tensor between two experts."""
    spectrum: NoDetails
    """The singular values of the opened tensor."""
    preview: NoDetails
    """The charts of the recipe on the sidebar."""
    live: NoDetails
    """Scores of small models without a click."""
    test: NoDetails
    """Scores on test examples."""
    keep: NoDetails
    """Build the download."""
    adapter: AdapterRequest
    """Build a LoRA adapter of the merged model."""
    report: NoDetails
    """Write the report on the models and the recipe."""
    answers: AnswersRequest
    """Examples with their answers."""
    export_answers: AnswersRequest
    """All examples under a filter as CSV."""
    try_it: TryRequest
    """Ask all models a question."""
    measure_damage: DamageRequest
    """Measure a damage map."""
    show_damage: DamageRequest
    """What is known of a damage map."""
    put_back: PutBackRequest
    """The recipe of the damage map, with an override for one cell."""
    correct_task: TaskCorrection
    """Say what a task set is."""
    remove_task: TaskSetRequest
    """Take a task set off the page, and delete what was uploaded for it."""
    keep_task: TaskSetRequest
    """Keep an uploaded task set in the models folder."""
    runs: RunsRequest
    """List remembered runs."""
    mark_run: RunMark
    """Say something about a run."""
    compare_runs: RunNumbers
    """Compare runs."""
    reproduce_run: ReproduceRequest
    """Merge the recipe of a run again, and see whether the weights are the same."""
    export_runs: RunFileRequest
    """Write runs to a file."""
    sweep_settings: NoDetails
    """What a sweep may vary in the recipe on the sidebar."""
    run_sweep: SweepRequest
    """Search for the best recipe."""
    draw_sweep: SweepChartRequest
    """Draw another chart of the sweep."""
    papers: NoDetails
    """What papers claim, and what was measured of it."""
    measure_claim: ClaimRequest
    """Measure a claim on a suite."""
    stop: NoDetails
    """End this visitor's work."""
