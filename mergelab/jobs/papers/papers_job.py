"""The job that puts the papers' claims to the test on suites."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from mergelab import __version__
from mergelab.checkpoints import list_suites
from mergelab.jobs.papers.kept_outcome import Kept, decoded_outcome, encoded_outcome, outcome_key
from mergelab.jobs.papers.phenomena import PHENOMENA
from mergelab.jobs.papers.phenomenon_registry import Phenomenon
from mergelab.jobs.papers.reproduction import Measurement, Outcome, Reproduction, sentence_of, verdict_of
from mergelab.jobs.papers.suite_trial import SuiteTrial
from mergelab.methods.knobs import nearest
from mergelab.runtime.cache import SCORES, store
from mergelab.runtime.devices import resolve
from mergelab.runtime.progress import Partial, PartialGen, Progress, ProgressGen, map_progress

QUICK_SEEDS, FULL_SEEDS = (0, 1), (0, 1, 2, 3, 4)
DELIVERED = ("pixels", "minilm", "tinylm")
NOT_DELIVERED = "smol"


def reproduce_papers(
    names: Sequence[str] = (),
    suites: Sequence[str] = (),
    rows: int | None = 200,
    seeds: Sequence[int] = QUICK_SEEDS,
    device: str = "auto",
    known: bool = False,
) -> PartialGen[list[Reproduction]]:
    """Measure phenomena (default: all) on suites (default: those that are there), phenomenon by phenomenon.

    Each is scored on the first `rows` test rows of a task, all with None. Yields each `Reproduction` as `Partial` when it is
    known. Outcomes and answers are kept, so a job that was stopped goes on where it was; with `known`, only outcomes that are
    kept are told, and nothing is measured. Raises `ValueError` for an unknown name.
    """
    chosen, where = chosen_phenomena(names), resolve(device)
    found = list[Reproduction]()
    places = [(each, suite) for each in chosen for suite in suites or ready_suites()]
    for number, (each, suite) in enumerate(places):
        told = f"{each.title}, on {suite}"

        def among(step: Progress, number: int = number, told: str = told) -> Progress:
            return Progress(told, number, len(places), step.stage.lower(), "phenomena")

        trial = SuiteTrial(suite, rows, tuple(seeds), where)
        key = outcome_key(each, trial)
        kept = store().recall(SCORES, key, decoded_outcome)
        if kept is None and known:
            continue
        if kept is None:
            kept = yield from map_progress(_measured(each, trial), among)
            store().put(SCORES, key, encoded_outcome(kept))
        found.append(_reproduction(each, suite, *kept))
        yield Partial(found[-1])
    return found


def chosen_phenomena(names: Sequence[str]) -> list[Phenomenon]:
    """The phenomena of these names, or all, by their numbers."""
    for name in names:
        if name not in PHENOMENA:
            known = ", ".join(PHENOMENA)
            raise ValueError(f"there is no phenomenon {name!r}{nearest(name, PHENOMENA)}; there are {known}")
    chosen = [each for name, each in PHENOMENA.items() if not names or name in names]
    return sorted(chosen, key=lambda each: each.number)


def ready_suites() -> list[str]:
    """The delivered suites, and smol where it has been built."""
    return [*DELIVERED, *([NOT_DELIVERED] if NOT_DELIVERED in list_suites() else [])]


def _measured(each: Phenomenon, trial: SuiteTrial) -> ProgressGen[Kept]:
    """The outcome, with when and how it was found."""
    began = time.monotonic()
    outcome = yield from each.measure(trial)
    day = datetime.now(UTC).date().isoformat()
    return outcome, Measurement(day, __version__, trial.device, trial.rows, round(time.monotonic() - began, 1))


def _reproduction(each: Phenomenon, suite: str, outcome: Outcome, measured: Measurement) -> Reproduction:
    return Reproduction(
        each.number,
        each.name,
        each.title,
        each.claim,
        each.papers,
        suite,
        outcome.figures,
        verdict_of(outcome),
        sentence_of(outcome),
        outcome.recipe,
        outcome.notes,
        measured,
    )
