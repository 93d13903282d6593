"""The message of the status strip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated as A
from typing import Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from mergelab.ui.messages.message import message

StatusKind = TypeAliasType(
    "StatusKind",
    A[
        Literal["ready", "loading", "running", "queued", "stopped", "error", "refused"],
        Field(description="`refused`: the recipe on the sidebar has no charts."),
    ],
)


@message
class Status:
    """What the page is doing."""

    kind: StatusKind
    """The state of the work."""
    text: str
    """The state in words."""
    detail: str = ""
    """How far the work is, and how long it has taken."""
    fraction: float | None = None
    """The share that is done; null if there is nothing to measure."""
    problems: Sequence[str] = ()
    """Sentences for the person, shown until the next action."""
    trace: str = ""
    """Details for a bug report."""
