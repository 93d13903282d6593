"""Logs remembered runs to trackers, beside the work that they are runs of."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from textwrap import shorten
from typing import Protocol

from mergelab.runs.run_record import RunRecord
from mergelab.runs.runs_error import RunsError
from mergelab.runs.tracking.logged_run import LoggedRun, logged_run
from mergelab.runs.tracking.mlflow_tracker import MlflowTracker
from mergelab.runs.tracking.trackio_tracker import TrackioTracker

PAUSE = 60.0
"""Seconds for which a tracker that has failed is left alone, so that no queue waits for a server that does not answer."""

LONGEST = 240
"""Characters of a reason; clients chain the messages of all that they stand on."""


class Tracker(Protocol):
    """Something that runs are logged to."""

    def log(self, run: LoggedRun) -> None:
        """Log a run that has ended; raises whatever goes wrong."""


TRACKERS: dict[str, Callable[[str], Tracker]] = {"trackio": TrackioTracker, "mlflow": MlflowTracker}
FORMS = "trackio:PROJECT or mlflow:TRACKING_URI"


class TrackedPlace:
    """One place that runs are logged to, `KIND:PLACE`, and which runs were not.

    Raises `RunsError` for another form, and with the command that installs what is missing.
    """

    def __init__(self, target: str, tell: Callable[[str], None]) -> None:
        kind, _, place = target.partition(":")
        if kind not in TRACKERS or not place:
            raise RunsError(f"runs are logged to {FORMS}, not to {shown(target)!r}")
        if find_spec(kind) is None:
            raise RunsError(f"logging to {kind} needs its package: pip install 'mergelab[tracking]'")
        self.name, self._tracker, self._tell = shown(target), TRACKERS[kind](place), tell
        self._rests_until, self._missed = 0.0, list[int]()

    def log(self, number: int, find: Callable[[int], RunRecord]) -> None:
        """Log a run, unless the tracker has just failed. The first failure is told at once."""
        if time.monotonic() < self._rests_until:
            self._missed.append(number)
            return
        try:
            self._tracker.log(logged_run(find(number)))
        except Exception as error:  # whatever a client raises, the run itself is safe
            self._rests_until = time.monotonic() + PAUSE
            self._missed.append(number)
            if len(self._missed) == 1:
                self._tell(f"run {number} was not logged to {self.name}, but is remembered: {shown(_reason(error))}")

    def told_missed(self) -> None:
        """Tell of further runs that were not logged."""
        if more := self._missed[1:]:
            self._tell(f"nor were these logged to {self.name}: {', '.join(map(str, more))}")


class RunLogger:
    """Logs runs to `targets`, one after the other in a thread of its own. `tell` gets a sentence for what was not logged.

    A tracker never holds up or ends what it is told of. Raises `RunsError` if a target cannot be logged to at all.
    """

    def __init__(self, targets: Sequence[str], tell: Callable[[str], None]) -> None:
        self._places = [TrackedPlace(target, tell) for target in targets]
        self._thread = ThreadPoolExecutor(1, "mergelab-tracking") if targets else None

    def log(self, number: int, find: Callable[[int], RunRecord]) -> None:
        """Log the run that `find` gives, soon."""
        for place in self._places if self._thread else ():
            assert self._thread
            self._thread.submit(place.log, number, find)

    def close(self) -> None:
        """Wait until all is logged, and tell what was not."""
        if self._thread:
            self._thread.shutdown()
            for place in self._places:
                place.told_missed()


def shown(text: str) -> str:
    """A text without the passwords of URLs in it."""
    return re.sub(r"//([^/\s:@]*):[^/\s@]*@", r"//\1:***@", text)


def _reason(error: Exception) -> str:
    told = str(error).strip().splitlines()
    return shorten(told[0], LONGEST, placeholder=" …") if told else type(error).__name__
