"""What a session answers with: the messages that change the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mergelab.ui.messages import PanelMessages
from mergelab.ui.session.sequence import next_number


@dataclass(frozen=True)
class Update(PanelMessages):
    """Messages that belong together. `number` orders updates by when they were put together, whichever reaches the page first.
    `saved` is the path of a packed model, which becomes a download button."""

    saved: str | None = None
    number: int = field(default_factory=next_number, compare=False)


Updates = Iterator[Update]
