"""The message that names the states of the page's figures."""

from __future__ import annotations

from typing import Annotated as A
from typing import Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from mergelab.ui.messages.message import message

FigureState = TypeAliasType(
    "FigureState",
    A[
        Literal["measured", "estimated", "updating", "outdated"],
        Field(description="How a figure was obtained, and whether it belongs to the recipe on the sidebar."),
    ],
)


@message
class FigureStateWord:
    """A state of figures for a person."""

    word: str
    """The word on chips."""
    meaning: str
    """What it means, in one or two sentences."""
