"""The damage map: for each cell and task, how many right answers come back if something else stands there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mergelab.evaluation.scores.paired import PairedDifference, mean_difference


@dataclass(frozen=True)
class CellDamage:
    """One cell with its number of weights, and the number of those that conflict; None where that is unknown.

    `by_task` has the share of right answers with the treated cell minus that of the merged model on the same rows, for
    tasks that were asked so far. For tasks in `unchanged` the merge has exactly the tensors of the treatment, so that their
    damage is 0 without asking.
    """

    layer: str
    module: str
    entries: int
    conflicting: float | None
    by_task: Mapping[str, PairedDifference]
    unchanged: tuple[str, ...] = ()


@dataclass(frozen=True)
class DamageMap:
    """The damage of every cell under one treatment, as far as it is known.

    `recipe` is the recipe's digest, `restore` one of `RESTORES`. `tasks` has the titles of the tasks by name, `asked` the
    number of rows that each of them is to answer. Cells are in the order of the conflict heatmap's table.
    """

    recipe: str
    restore: str
    split: str
    tasks: Mapping[str, str]
    asked: Mapping[str, int]
    cells: tuple[CellDamage, ...]

    def damage(self, cell: CellDamage, task: str = "") -> PairedDifference | None:
        """The damage of a cell on a task, or without a task the mean over all; None until it is known."""
        if task:
            return cell.by_task.get(task)
        known = [cell.by_task[name] for name in self.tasks if name in cell.by_task]
        return mean_difference(known) if known and len(known) == len(self.tasks) else None

    def is_unchanged(self, cell: CellDamage, task: str = "") -> bool:
        """Whether the merge has exactly the tensors of the treatment there."""
        return task in cell.unchanged if task else set(self.tasks) <= set(cell.unchanged)

    @property
    def known(self) -> int:
        """How many cells all tasks were asked about."""
        return sum(self.damage(cell) is not None for cell in self.cells)

    @property
    def complete(self) -> bool:
        """Whether every cell was asked all rows."""
        return all(
            name in cell.by_task and cell.by_task[name].n >= rows
            for cell in self.cells
            for name, rows in self.asked.items()
        )

    def to_mapping(self) -> dict[str, Any]:
        """The map as plain data."""
        return asdict(self)

    def encode(self) -> bytes:
        """The map as JSON."""
        return json.dumps(self.to_mapping()).encode()

    @classmethod
    def decode(cls, content: bytes) -> DamageMap:
        """The map that `encode` gave."""
        stored = json.loads(content)
        return cls(**{**stored, "cells": tuple(_cell(each) for each in stored["cells"])})


def _cell(stored: Mapping[str, Any]) -> CellDamage:
    found = {name: PairedDifference(**each) for name, each in stored["by_task"].items()}
    return CellDamage(**{**stored, "by_task": found, "unchanged": tuple(stored["unchanged"])})
