"""The message of the Answers tab: examples with what each model answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

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
    experts: Sequence[GivenAnswer | None] = ()
    """The answers of the other experts that answer the task, in the order of their names."""
    place: str = ""
    """Its file and line; empty text for task sets of suites."""


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
    """The titles of the recipe's tasks, by name."""
    task: str
    """The chosen task; empty text if there are none."""
    picture: tuple[int, int] | None
    """Height and width of the task's pictures; null if it asks texts."""
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
    experts: Sequence[str] = ()
    """The names of the experts that answer the task beside its own."""
    own: bool = True
    """Whether the task has an expert of its own."""


@message
class TriedChoice:
    """One of the likeliest answers of a model."""

    text: str
    """The answer."""
    probability: float
    """How likely the model holds it, from 0 to 1."""


@message
class TriedModel:
    """What one model says to a person's question."""

    title: str
    """The model's name."""
    role: Literal["merged", "base", "expert"]
    """What it is in the merge."""
    colour: str | None
    """The colour of an expert; null for others."""
    text: str
    """The answer."""
    choices: Sequence[TriedChoice]
    """The likeliest answers with their probabilities; none if the model does not choose."""
    complete: bool = True
    """Whether that is all; otherwise the text goes on."""


@message
class TriedMessage:
    """What all models say to a person's question."""

    question: str
    """The text that was asked; empty text for a picture."""
    models: Sequence[TriedModel]
    """The answers so far: the merged model's, the base's, then those of the experts in their order."""
    about: str
    """Which recipe and which task they belong to."""
    done: bool
    """Whether all models have answered."""
