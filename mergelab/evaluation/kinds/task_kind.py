"""The interface of a kind of task: how its rows are read, and how a model answers them."""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import torch
from torch import nn

from mergelab.checkpoints import Checkpoint
from mergelab.evaluation.kinds.encoded import Encoded
from mergelab.evaluation.kinds.rows import Row, Rows

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
class TaskSettings:
    """What a task set says of how its rows are asked. A kind that has settings subclasses it; all values are hashable."""


@dataclass(frozen=True)
class Answer:
    """A model's answer to one row. `marks` are the numbers that the task's metric needs: for accuracy 1 or 0."""

    marks: tuple[float, ...]
    given: Given = None


@dataclass(frozen=True)
class Exam:
    """A model in front of the rows of a task set. `labels` are the task's class names, `title` is for errors."""

    model: nn.Module
    config: Any
    head: Checkpoint
    rows: Rows
    encoded: Encoded
    labels: tuple[str, ...]
    settings: Any
    title: str
    device: str = "cpu"

    def batch(self, index: Sequence[int]) -> dict[str, torch.Tensor]:
        """The model's keyword arguments for the rows at `index`, on its device."""
        return {name: value.to(self.device) for name, value in self.encoded.batch(index).items()}


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

    def __init_subclass__(cls) -> None:
        if "name" in cls.__dict__:
            KINDS[cls.name] = cls()

    def metric(self, settings: Any) -> str:
        """The name of the metric that scores the answers."""
        return "accuracy"

    def settings_of(self, given: Mapping[str, Any]) -> TaskSettings:
        """The settings that a task.yml gives; raises `ValueError` for one that the kind does not have."""
        known = [each.name for each in fields(self.settings)]
        for name in given:
            if name not in known:
                raise ValueError(f"{self.name} has no setting {name!r}; it has {', '.join(known) or 'none'}")
        return self.settings(**given)

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


KINDS: dict[str, TaskKind] = {}


def find_kind(name: str) -> TaskKind:
    """The kind called `name`; raises `ValueError` with the nearest name."""
    if name not in KINDS:
        near = difflib.get_close_matches(name, KINDS, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"unknown kind of task {name!r}.{hint} Known: {', '.join(sorted(KINDS))}")
    return KINDS[name]
