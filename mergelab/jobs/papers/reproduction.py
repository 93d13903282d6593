"""What a phenomenon's measurement on one suite has found, ready to be drawn or written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from mergelab.evaluation.scores.interval import Estimate, HasInterval
from mergelab.evaluation.scores.notation import MINUS, SHARES


class PaperVerdict(StrEnum):
    """What a suite says about a paper's claim."""

    HOLDS = "holds"
    FAILS = "does not hold here"
    OPEN = "not separable"
    NOT_ASKED = "cannot be asked"
    SHOWN = "shown"
    """The verdict of a row that no claim rests on."""


@dataclass(frozen=True)
class Bound:
    """What a claim expects of a figure, fixed before anything was measured: to lie above, or below, `limit`."""

    above: bool
    limit: float

    def verdict(self, low: float, high: float) -> PaperVerdict:
        """The interval must lie on the expected side as a whole; on the other side, the claim fails."""
        if low > self.limit if self.above else high < self.limit:
            return PaperVerdict.HOLDS
        if high <= self.limit if self.above else low >= self.limit:
            return PaperVerdict.FAILS
        return PaperVerdict.OPEN


@dataclass(frozen=True)
class FigureRow:
    """A measured figure: `value` with [low, high], the 95 % interval over the sampling of `n` rows.

    An exact figure is computed from all `n` weights, and its interval has no width. `unit` is "share" (from 0 to 1),
    "difference" (of two shares on the same rows) or "number". With several `seeds` of the merge, `value` is their mean and the
    interval contains that of every seed.
    """

    label: str
    value: float
    low: float
    high: float
    n: int
    unit: str
    seeds: tuple[int, ...] = ()
    bound: Bound | None = None

    @property
    def is_exact(self) -> bool:
        """Whether nothing was sampled."""
        return self.low == self.high == self.value

    @property
    def verdict(self) -> PaperVerdict:
        """What the figure says about the claim."""
        return self.bound.verdict(self.low, self.high) if self.bound else PaperVerdict.SHOWN

    @property
    def written(self) -> str:
        """`75.5 %`, `+2.1 points`, `0.498`."""
        return f"{SHARES.difference(self.value)} points" if self.unit == "difference" else self._plain(self.value)

    @property
    def written_interval(self) -> str:
        """`73–78`, `−0.4 to +3.8`, `exact`."""
        if self.is_exact:
            return "exact"
        if self.unit == "difference":
            return SHARES.difference_ends(self.low, self.high)
        return (
            SHARES.ends(self.low, self.high)
            if self.unit == "share"
            else f"{self._plain(self.low)} to {self._plain(self.high)}"
        )

    @property
    def written_bound(self) -> str:
        """`above −2.0 points`, or nothing."""
        if self.bound is None:
            return ""
        limit = replace(self, value=self.bound.limit).written if self.bound.limit else "0"
        return f"{'above' if self.bound.above else 'below'} {limit}"

    def _plain(self, value: float) -> str:
        return SHARES.score(value) if self.unit == "share" else f"{value:.3g}".replace("-", MINUS)


@dataclass(frozen=True)
class Outcome:
    """What a phenomenon's measurement returns: its figures, a recipe that opens in the Lab, and what was left out.

    `impossible` says why the suite cannot be asked; then there are no figures.
    """

    figures: tuple[FigureRow, ...] = ()
    recipe: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()
    impossible: str = ""


@dataclass(frozen=True)
class Measurement:
    """When and how an outcome was found: the day in UTC, MergeLab's version, the device, the test rows per task (None: all), and
    the wall time in seconds. Answers that were known before took no time."""

    day: str
    version: str
    device: str
    rows: int | None
    seconds: float

    @property
    def words(self) -> str:
        """`Measured on 2026-05-01 with MergeLab 0.1.0 on 200 test rows per task, in 12 s (cpu).`"""
        rows = "all test rows" if self.rows is None else f"{self.rows} test rows per task"
        took = f"{self.seconds:.0f} s ({self.device})"
        return f"Measured on {self.day} with MergeLab {self.version} on {rows}, in {took}."


@dataclass(frozen=True)
class Reproduction:
    """A paper's claim put to the test on one suite: everything that a page needs to show it."""

    number: int
    name: str
    title: str
    claim: str
    papers: tuple[str, ...]
    suite: str
    figures: tuple[FigureRow, ...]
    verdict: PaperVerdict
    sentence: str
    recipe: Mapping[str, Any] | None
    notes: tuple[str, ...]
    measured: Measurement


def verdict_of(outcome: Outcome) -> PaperVerdict:
    """One figure on the wrong side refutes the claim here; if any is undecided, so is the claim."""
    if outcome.impossible:
        return PaperVerdict.NOT_ASKED
    found = {row.verdict for row in outcome.figures}
    worst = (PaperVerdict.FAILS, PaperVerdict.OPEN, PaperVerdict.HOLDS)
    return next((verdict for verdict in worst if verdict in found), PaperVerdict.OPEN)


def sentence_of(outcome: Outcome) -> str:
    """The verdict in one sentence, with the figures that it rests on."""
    verdict = verdict_of(outcome)
    if verdict is PaperVerdict.NOT_ASKED:
        return outcome.impossible
    checked = [row for row in outcome.figures if row.bound]
    decisive = [row for row in checked if row.verdict is verdict]
    if verdict is PaperVerdict.HOLDS:
        return f"Every figure lies where the claim expects it: {_told(decisive)}"
    missed = "on the other side" if verdict is PaperVerdict.FAILS else "undecided"
    count = f"{len(decisive)} of {len(checked)} figures with an expectation"
    return f"{count} {'is' if len(decisive) == 1 else 'are'} {missed}: {_told(decisive)}"


def _told(rows: Sequence[FigureRow]) -> str:
    told = (f"{row.label}: {row.written} ({row.written_interval}), expected {row.written_bound}" for row in rows)
    return "; ".join(told) + "."


def figure_row(
    label: str, found: Sequence[HasInterval], n: int, unit: str, seeds: Sequence[int] = (), bound: Bound | None = None
) -> FigureRow:
    """The row of one figure, or of one for each seed or choice on the same rows: the interval then contains all of theirs."""
    value = sum(each.value for each in found) / len(found)
    low, high = min(each.low for each in found), max(each.high for each in found)
    return FigureRow(label, value, low, high, n, unit, tuple(seeds), bound)


def exact_row(label: str, value: float, n: int, unit: str = "share", bound: Bound | None = None) -> FigureRow:
    """The row of a figure that is counted on all weights."""
    return FigureRow(label, value, value, value, n, unit, (), bound)


def growth(earlier: HasInterval, later: HasInterval) -> Estimate:
    """`later` minus `earlier` for figures that share rows: the ends are as far apart as they can be, however the two vary
    together, so that the interval is rather too wide."""
    return Estimate(later.value - earlier.value, later.low - earlier.high, later.high - earlier.low)


def above(limit: float) -> Bound:
    """The figure is expected above `limit`."""
    return Bound(True, limit)


def below(limit: float) -> Bound:
    """The figure is expected below `limit`."""
    return Bound(False, limit)
