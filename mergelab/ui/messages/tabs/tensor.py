"""Messages of the Tensor tab: the list, an opened map, windows of it, single weights, singular values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mergelab.ui.messages.message import message
from mergelab.ui.messages.tabs.charts import Numbers


@message
class TensorRow:
    """One tensor of the list."""

    key: str
    """The name of the tensor in the checkpoint."""
    shape: str
    """The shape for a person, such as `8 × 8`."""
    entries: int
    """The number of weights."""
    layer: str
    """The tensor's layer."""
    module: str
    """The tensor's module."""
    conflict: float | None
    """The share of shared weights that conflict; null if no two experts keep the same one."""
    shared: int
    """The number of weights that two or more experts keep."""
    conflicting: int
    """The number of weights that conflict."""


@message
class TensorList:
    """The tensors of the models, those with the most conflicting weights first."""

    recipe: str
    """The first eight digits of the recipe's digest."""
    rows: Sequence[TensorRow]
    """One row per tensor."""


@message
class ExpertStyle:
    """How one expert looks."""

    name: str
    """The expert's reference in the recipe."""
    title: str
    """The expert's name for a person."""
    colour: str
    """The expert's colour in every chart."""
    dash: str
    """The expert's dash pattern in every chart."""


@message
class ConflictsMessage:
    """The largest clashes of a tensor, column by column; `[expert][row]` where a column has one list per expert."""

    total: int
    """The number of all conflicts, listed or not."""
    places: Sequence[int]
    """The flat index of each weight."""
    strengths: Sequence[float]
    """The size of each clash: what its weaker side brings."""
    deltas: Sequence[Sequence[float]]
    """Each expert's change."""
    kept: Sequence[Sequence[bool]]
    """Whether the change takes part in the merge."""
    levels: Sequence[Numbers]
    """The lowest density at which the change is kept; null if unknown."""
    signs: Numbers
    """The elected sign; null for methods without an election."""
    base: Sequence[float]
    """The base model's weight."""
    merged: Sequence[float]
    """The merged model's weight."""


@message
class PairConflicts:
    """The largest clashes of a tensor between two experts."""

    key: str
    """The name of the tensor in the checkpoint."""
    recipe: str
    """The first eight digits of the recipe's digest."""
    pair: tuple[int, int]
    """The places of the two experts in the recipe's order."""
    conflicts: ConflictsMessage
    """The clashes. The changes are those of all experts."""


@message
class TensorUpdate:
    """An opened tensor as a whole."""

    key: str
    """The name of the tensor in the checkpoint."""
    shape: Sequence[int]
    """The shape of the tensor."""
    rows: int
    """The rows of the map."""
    columns: int
    """The columns of the map."""
    entries: int
    """The number of weights."""
    folded: bool
    """Whether the tensor is a vector that the map shows as lines of a text."""
    side: int
    """The side of the finest blocks whose sums are known."""
    recipe: str
    """The first eight digits of the recipe's digest."""
    rule: str
    """The method's name."""
    follows: bool
    """Whether the map is built anew for every recipe without being asked."""
    experts: Sequence[ExpertStyle]
    """The experts in the recipe's order."""
    most: float
    """The mean magnitude at which the colours end."""
    summary: str
    """The map in words."""
    words: Mapping[str, tuple[str, str]]
    """The title of each step of the merge and what it does, by the step's name."""
    conflicts: ConflictsMessage
    """The largest clashes."""


@message
class MapWindow:
    """A window of a tensor's map."""

    top: int
    """The first row."""
    left: int
    """The first column."""
    rows: int
    """The number of rows."""
    columns: int
    """The number of columns."""


@message
class CellFields:
    """Sums over the cells of a window, row by row. Base64 of little-endian uint32 (counts) or float32 (sums)."""

    entries: str
    """uint32: the number of weights."""
    active: str
    """uint32: how many are kept by at least one expert."""
    overlapping: str
    """uint32: how many are kept by two or more experts."""
    conflicting: str
    """uint32: how many have kept changes of both signs."""
    gross: str
    """float32: the sum of the kept magnitudes."""
    net: str
    """float32: the sum of the magnitudes of the summed changes."""
    change: str
    """float32: the sum of the magnitudes of the merged change."""


@message
class MapCells:
    """A window as sums over cells of `height` × `width` weights."""

    recipe: str
    """The first eight digits of the recipe's digest."""
    window: MapWindow | None
    """The window that was asked for."""
    top: int
    """The first row of the cells."""
    left: int
    """The first column of the cells."""
    height: int
    """The rows of one cell."""
    width: int
    """The columns of one cell."""
    rows: int
    """The number of cells down."""
    columns: int
    """The number of cells across."""
    fields: CellFields
    """The sums over each cell."""


@message
class EncodedStep:
    """One step of the merge in a window. Base64 of little-endian float32, one expert after the other."""

    name: str
    """The step's name."""
    values: str
    """Each expert's change after the step."""
    shares: str | None
    """Each expert's share of the mean; null for steps without one."""
    signs: str | None
    """The elected signs; null before an election."""


@message
class EncodedReasons:
    """What decides each weight of a window. Base64 of bytes (codes) or of little-endian float32, one expert after the other."""

    sentences: Sequence[str]
    """What can be said of a weight, with names in braces for what differs from one to the next."""
    which: str
    """uint8: the place of each weight's sentence."""
    figures: Mapping[str, str]
    """float32: the numbers that sentences name."""
    words: Sequence[str]
    """What can become of a change; the first is empty, for a change that takes part."""
    fates: str
    """uint8: the place of the word for each expert's change."""
    details: Mapping[str, Sequence[str]]
    """How it came to that, for each expert, by the word."""
    levels: str
    """float32: the lowest density at which each expert's change is kept; NaN if unknown."""
    coefficients: str | None
    """float32: by how much each expert's change counts; null if the method has no such numbers."""


@message
class MapCoordinates:
    """A window weight by weight, at every step of the merge."""

    recipe: str
    """The first eight digits of the recipe's digest."""
    top: int
    """The first row."""
    left: int
    """The first column."""
    rows: int
    """The number of rows."""
    columns: int
    """The number of columns."""
    dtype: str
    """The number format of the merged weights."""
    base: str
    """Base64 of little-endian float32: the base model's weights."""
    merged: str
    """Base64 of little-endian float32: the merged model's weights."""
    stages: Sequence[EncodedStep]
    """The steps of the merge."""
    reasons: EncodedReasons
    """What decides each weight."""


@message
class SpectrumMessage:
    """The singular values of a tensor's changes."""

    key: str
    """The name of the tensor in the checkpoint."""
    reason: str
    """Why there are no singular values; empty text if there are."""
    names: Sequence[str]
    """The experts, then the merged model."""
    ranks: Numbers
    """How many values hold 95 % of each change's energy; null for a change of zeros."""
    values: Sequence[Sequence[float]]
    """The singular values of each change, largest first."""


@message
class TensorFailure:
    """Why the tensor could not be shown."""

    sentence: str
    """The reason; empty text if the work was stopped."""
    at: float
    """The server's clock, so that no two failures are equal."""
