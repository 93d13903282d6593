"""The interface of a kind of task: how its rows are read, and how a model answers them."""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn

from mergelab.checkpoints import Checkpoint
from mergelab.evaluation.kinds.encoded import Encoded
from mergelab.evaluation.kinds.rows import Row, Rows
from mergelab.evaluation.kinds.settings import TaskSettings, settings_from

Given = int | float | str | None
"""What a model answered: the number of a class or option, a score, or a text; None where the question has no answer of this
sort, such as the likelihood of a text."""


@dataclass(frozen=True)
class Column:
    """A column of a table of this kind: its usual name, other names it is recognised by, and what it holds."""

    name: str
    help: str
    also: tuple[str, ...] = ()
    required: bool = True


@dataclass(frozen=True)
class Answer:
    """A model's answer to one row. `marks` are the numbers that the task's metric needs: for accuracy 1 or 0."""

    marks: tuple[float, ...]
    given: Given = None


@dataclass(frozen=True)
class Response:
    """A model's response to a question without a known answer: a text, and its choices with their probabilities, the likeliest
    first. `choices` is empty where a model does not choose."""

    text: str
    choices: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Exam:
    """A model in front of the rows of a task set. `labels` are the task's class names, `title` is for errors.

    `encoded` is what the kind's own `encode` made of the rows, `probe` the trained probe of kinds that need one.
    """

    model: nn.Module
    config: Any
    head: Checkpoint
    rows: Rows
    encoded: Any
    labels: tuple[str, ...]
    settings: Any
    title: str
    device: str = "cpu"
    probe: Any = None

    def batch(self, index: Sequence[int]) -> dict[str, torch.Tensor]:
        """The model's keyword arguments for the rows at `index`, on its device."""
        batch: dict[str, torch.Tensor] = self.encoded.batch(index)
        return {name: value.to(self.device) for name, value in batch.items()}


class TaskKind(ABC):
    """A kind of task. Subclasses register themselves under their `name`; one file each."""

    name: ClassVar[str]
    title: ClassVar[str]
    """The kind in the page's words."""
    mapping: ClassVar[str]
    """The transformers table from config to model class."""
    columns: ClassVar[tuple[Column, ...]]
    """The columns of a table of such rows. Without any, rows cannot be read from a table."""
    settings: ClassVar[type[TaskSettings]] = TaskSettings
    """What a task set of this kind may say of how its rows are asked."""
    own_head: ClassVar[bool] = False
    """Whether the head belongs to the task: its tensors and its class names are those of a fine-tuned model. Without it, all
    tensors are those of the merge."""
    has_classes: ClassVar[bool] = False
    """Whether a row's label is one of the task's class names."""
    is_probe: ClassVar[bool] = False
    """Whether a linear probe on the base's features answers. The model is then its body alone, and columns do not choose the kind:
    a person asks for it."""
    probed_as: ClassVar[str] = ""
    """The kind that asks the same rows of a linear probe; empty text if there is none."""

    def __init_subclass__(cls) -> None:
        if "name" in cls.__dict__:
            KINDS[cls.name] = cls()

    def metric(self, settings: Any) -> str:
        """The name of the metric that scores the answers."""
        return "accuracy"

    def settings_of(self, given: Mapping[str, Any]) -> TaskSettings:
        """The kind's settings from a plain mapping, such as a part of a YAML or JSON file.

        Raises `ValueError` for unknown names, with the nearest one, and for wrong types and values, with the rule.
        """
        return settings_from(self.settings, given, self.name)

    def shown(self, row: Row, settings: Any, head: Checkpoint | None = None) -> str:
        """What a model sees of a row, as text. `head` is the model whose tokenizer knows a chat template, if one is applied."""
        return row.input if isinstance(row.input, str) else "\n".join(map(str, row.input))

    @abstractmethod
    def row(self, cells: Mapping[str, Any], labels: tuple[str, ...], settings: Any) -> Row:
        """A row from the cells of a table, by the names in `columns`.

        Raises `ValueError` with what is wrong; the reader adds file and line.
        """

    @abstractmethod
    def encode(self, rows: Rows, head: Checkpoint, config: Any, settings: Any) -> Encoded:
        """`rows` as inputs of the model of `head`."""

    @abstractmethod
    def answer(self, exam: Exam, index: Sequence[int]) -> list[Answer]:
        """The model's answers to the rows at `index`, in this order. They must not depend on what else is in the batch."""

    def question(self, text: str, settings: Any) -> Row:
        """A person's own text as a row without an answer. Raises `ValueError` where one text does not make a row."""
        return Row(text)

    def respond(self, exam: Exam) -> Iterator[Response]:
        """The model's response to the first of the exam's rows, whose label and reference mean nothing.

        A text may come several times, each time longer; the last response is complete.
        """
        [answer] = self.answer(exam, [0])
        yield Response(self.words(answer.given, exam.rows.row(0), exam.labels))

    def wanted(self, row: Row, labels: tuple[str, ...]) -> str:
        """The right answer in words; empty text if the row has none."""
        return row.reference or (self.words(int(row.label), row, labels) if labels else "")

    def words(self, given: Given, row: Row, labels: tuple[str, ...]) -> str:
        """An answer in words: the name of a class, or a text as it is."""
        if isinstance(given, int) and 0 <= given < len(labels):
            return labels[given]
        if isinstance(given, float):
            return f"{given:.3f}"
        return "" if given is None else str(given)


KINDS: dict[str, TaskKind] = {}


def find_kind(name: str) -> TaskKind:
    """The kind called `name`; raises `ValueError` with the nearest name."""
    if name not in KINDS:
        near = difflib.get_close_matches(name, KINDS, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"unknown kind of task {name!r}.{hint} Known: {', '.join(sorted(KINDS))}")
    return KINDS[name]


def without_probe(name: str) -> str:
    """The kind whose rows a probe of this kind answers; any other kind stays as it is."""
    return next((asked for asked, kind in KINDS.items() if kind.probed_as and kind.probed_as == name), name)
