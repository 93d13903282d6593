"""The message of the damage map: what each place of the merge costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated as A
from typing import Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from mergelab.ui.messages.message import HeatmapFigure, message

Restored = TypeAliasType(
    "Restored",
    A[
        Literal["mean", "expert", "base"],
        Field(
            description="Whose tensors are put into a cell: the experts' mean, the task's own expert's, or the base's."
        ),
    ],
)
DamageState = TypeAliasType(
    "DamageState",
    A[
        Literal["none", "measuring", "measured", "stopped"],
        Field(description="Whether there is a map, and whether it is complete or still growing."),
    ],
)


@message
class DamageMessage:
    """The damage map of one recipe under one treatment, as far as it is measured."""

    state: DamageState
    """How far the map has come."""
    chip: str
    """The same for a person; empty text without a map."""
    digest: str
    """The digest of the recipe that the map belongs to; empty text without a map."""
    recipe: str
    """The recipe's name; empty text without a map."""
    restore: Restored
    """Whose tensors are put into a cell."""
    tasks: Mapping[str, str]
    """The titles of the recipe's tasks, by name."""
    task: str
    """The task whose damage is drawn; empty text for the mean over all."""
    figure: HeatmapFigure | None
    """The map; null without one."""
    summary: str
    """The map in one sentence."""
    correlation: str
    """The rank correlation of conflict and damage in one sentence; empty text without a map."""
    about: str
    """How many cells and examples are measured; empty text without a map."""
    empty: str
    """Why there is no map; empty text if there is one."""
    unloadable: str
    """Why no recipe with an override for a cell can be loaded; empty text if one can."""
