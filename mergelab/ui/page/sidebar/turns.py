"""The turns of a page's events: those of one name begin in the order in which the page sent them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PATIENCE = 1.0
"""Seconds that an event waits for an earlier one, which may have been lost on its way."""
MOST = 10_000
"""Pages that are remembered; the one whose event is longest ago is forgotten first."""


class Turns:
    """The turns of the events of one name.

    A page sends them in order, but each comes in a request of its own and runs in a thread of its own, so a busy machine may
    begin with a later one, and the earlier one would then undo it. The page counts its events from 1.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._begun: dict[str, int] = {}
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, page: str, number: Any) -> Iterator[None]:
        """Wait until the page's events before `number` have begun. What stands inside is the beginning of this one."""
        if not isinstance(number, int):  # programs count nothing
            yield
            return
        with self._changed:
            self._changed.wait_for(lambda: self._begun.get(page, 0) >= number - 1, self._patience)
        try:
            yield
        finally:
            self._note(page, number)

    def _note(self, page: str, number: int) -> None:
        with self._changed:
            self._begun[page] = max(number, self._begun.pop(page, 0))
            while len(self._begun) > MOST:
                del self._begun[next(iter(self._begun))]
            self._changed.notify_all()
