"""The message of the Task sets tab: what was recognised of a person's own task sets, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mergelab.ui.messages.message import message


@message
class TaskColumn:
    """A column that the kind needs or may have."""

    name: str
    """Its name in the kind."""
    help: str
    """What it holds."""
    required: bool
    """Whether the kind needs it."""
    chosen: str
    """The column of the table; empty text if none is chosen."""


@message
class TaskSplit:
    """The rows of one split."""

    split: str
    """Its name."""
    rows: int
    """How many rows it has."""
    classes: str
    """How many rows each class has, in words; empty text if the task has no classes."""


@message
class TaskRow:
    """A row as the model will see it."""

    place: str
    """Its file and line."""
    asked: str
    """What is asked, the template filled in."""
    answer: str
    """The right answer."""


@message
class TaskSetView:
    """One task set."""

    key: int
    """Its number on this page."""
    title: str
    """What it is called."""
    origin: str
    """Where it is from: the path, or the names of the uploaded files."""
    uploaded: bool
    """Whether it was uploaded."""
    kept: str
    """Where it was kept in the models folder; empty text if it was not."""
    kind: str
    """The kind; empty text if it is not clear."""
    columns: Sequence[TaskColumn]
    """The columns of the kind."""
    table: Sequence[str]
    """The columns of the table; none if it could not be read."""
    head: str
    """The model that was chosen to answer, or `probe`; empty text where the labels or a task.yml tell."""
    answers: str
    """Which model answers if none is chosen, in words."""
    has_probe: bool
    """Whether a linear probe on the base may answer."""
    labels: Sequence[str]
    """The class names, in the order of their numbers."""
    splits: Sequence[TaskSplit]
    """The rows by split."""
    split: str
    """The split of the shown rows."""
    rows: Sequence[TaskRow]
    """The first rows."""
    notes: Sequence[str]
    """What was recognised rather than said, one sentence each."""
    problems: Sequence[str]
    """What is wrong, one sentence each, with file and line."""
    more: int
    """How many further problems there are."""
    text: str
    """The task.yml that says the same; empty text if the columns are not clear."""
    corrected: bool
    """Whether something was corrected on this page."""
    used: bool
    """Whether the models on the sidebar are scored on it, as it is shown here."""


@message
class TaskSets:
    """A person's own task sets."""

    sets: Sequence[TaskSetView]
    """The task sets that are given by path, then the uploaded ones."""
    kinds: Mapping[str, str]
    """The titles of the kinds, by name."""
    heads: Mapping[str, str]
    """The titles of the models that may answer, by reference."""
    remark: str
    """What is to be known about all of them; empty text if there is nothing."""
    problems: Sequence[str]
    """Why something could not be done just now: an upload that was refused, one sentence each."""
    keeps: bool
    """Whether there is a models folder, in which uploaded files may be kept."""
    asked: float
    """The server's clock when the person last gave task sets: the tab opens then. 0 if it stays as it is."""


@message
class TaskCorrection:
    """What a person says of a task set instead of what was recognised."""

    key: int
    """The task set."""
    kind: str
    """The kind; empty text to recognise it again."""
    columns: Mapping[str, str]
    """The table's columns by the kind's; those that are left out are recognised."""
    head: str
    """The model that answers, or `probe`; empty text where the labels tell."""


@message
class TaskSetRequest:
    """Do something with a task set."""

    key: int
    """The task set."""
