"""The Papers tab of one visitor: shows the published record, and measures a claim again beside it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace

from mergelab.jobs.papers.reproduction import Reproduction
from mergelab.jobs.papers.reproduction_record import published_record
from mergelab.runtime.progress import map_progress
from mergelab.ui.messages import ClaimRequest, Status
from mergelab.ui.session.job_cache import CrashError, JobCache, Stopper, StopPressedError
from mergelab.ui.session.papers.claim_messages import Place, claims_message
from mergelab.ui.session.status import Stopwatch
from mergelab.ui.session.update import Update


@dataclass
class PapersView:
    """What a visitor sees of the papers. `here` is what this visit has measured."""

    job_cache: JobCache
    here: dict[Place, Reproduction] = field(default_factory=dict)
    measuring: Place | None = None

    def show(self) -> Update:
        """Every claim with its outcomes."""
        return Update(papers=claims_message(published_record().reproductions, self.here, self.measuring))

    def measure(self, asked: ClaimRequest, device: str, stopper: Stopper) -> Generator[Update, None, None]:
        """Measure a claim on a suite. Raises StopPressedError after Stop; what was known stays."""
        presses, self.measuring = stopper.presses, (asked.name, asked.suite)
        yield self.show()
        try:
            stopper.check(presses)
            found = yield from self._followed(asked, device, stopper)
            self.here[asked.name, asked.suite] = found
        except (StopPressedError, CrashError, ValueError):
            self.measuring = None
            yield self.show()
            raise
        self.measuring = None
        told = Status("ready", f"{found.title}, on {found.suite}: {found.verdict.value}", found.measured.words)
        yield replace(self.show(), status=told)

    def _followed(self, asked: ClaimRequest, device: str, stopper: Stopper) -> Generator[Update, None, Reproduction]:
        given = {"names": [asked.name], "suites": [asked.suite], "device": device}
        steps = self.job_cache.follow(Stopwatch("Measuring a claim"), stopper, "reproduce_papers", **given)
        found: list[Reproduction] = yield from map_progress(steps, lambda status: Update(status=status))
        return found[0]
