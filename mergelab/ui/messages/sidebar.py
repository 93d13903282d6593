"""What the page knows about the sidebar's widgets from its first moment on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated as A

from pydantic import Field
from typing_extensions import TypeAliasType

from mergelab.ui.messages.message import message

KnobValue = TypeAliasType(
    "KnobValue",
    A[int | float | bool | str | Sequence[str] | None, Field(description="What a widget of the sidebar holds.")],
)


@message
class RefusedValue:
    """A typed number that its widget may not hold. The recipe keeps the value from before."""

    widget: str
    """The elem_id of the widget."""
    sentence: str
    """The rule, for the person."""


@message
class ListEntry:
    """One choice of a list."""

    family: str
    """The heading that the choice stands under; empty text for none."""
    line: str
    """What the choice does."""
