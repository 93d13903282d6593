"""The message of the Answers tab: examples with what each model answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mergelab.ui.messages.message import HeatmapFigure, message
from mergelab.ui.messages.scores import Split


@message
class GivenAnswer:
    """What a model answered to an example."""

    text: str
    """The answer in words."""
    right: bool | None
    """Whether it is right; null if the task does not tell right from wrong."""


@message
class AnsweredExample:
    """One example and its answers. An answer is null if that model was not asked."""

    number: int
    """Its place in the split as stored, from 1."""
    text: str
    """What was asked; empty text for a picture."""
    picture: str
    """The picture as a data URL; empty text for a text."""
    wanted: str
    """The right answer; empty text if there is none."""
    base: GivenAnswer | None
    """The base model's answer."""
    own: GivenAnswer | None
    """The answer of the task's own expert."""
    merged: GivenAnswer | None
    """The merged model's answer."""


@message
class AnswerFilter:
    """A choice of examples."""

    title: str
    """Which examples are shown."""
    count: int
    """How many there are."""


@message
class AnswersMessage:
    """One page of a task's examples under a filter."""

    tasks: Mapping[str, str]
    """The titles of the tasks that have answers, by name."""
    task: str
    """The chosen task; empty text if there are no answers."""
    filters: Mapping[str, AnswerFilter]
    """What can be chosen, by name."""
    filter: str
    """The chosen filter."""
    split: Split
    """Which examples were asked."""
    rows: Sequence[AnsweredExample]
    """The examples of this page."""
    page: int
    """The number of this page, from 0."""
    pages: int
    """How many pages there are."""
    about: str
    """Whose answers they are, and to how many examples."""
    confusion: HeatmapFigure | None
    """Which classes the merged model takes for which; null if the task has no classes."""
    confusion_summary: str
    """The same in one sentence."""
    empty: str
    """Why there are no examples; empty text if there are."""
