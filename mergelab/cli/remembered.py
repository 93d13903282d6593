"""Runs long work on the command line and remembers it as a run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from typing import TYPE_CHECKING, TypeVar

from mergelab.cli.flags import expanded
from mergelab.cli.progress_bar import followed
from mergelab.runtime.folders.data_folder import NOWHERE

if TYPE_CHECKING:
    from mergelab.runs import RunRequest, RunResult, RunStore
    from mergelab.runtime.progress import ProgressGen

T = TypeVar("T")
PLACE = (
    "a file, or a database such as postgresql://user@host/name (default: $MERGELAB_RUNS, or a file in your data folder)"
)


def runs_flag(parser: argparse.ArgumentParser) -> None:
    """Add the flag for the place of the runs to a command that reads them."""
    parser.add_argument("--runs", type=place, metavar="PLACE", help=f"where the runs are: {PLACE}")


def remember_flag(parser: argparse.ArgumentParser) -> None:
    """Add the flags for the place of the runs to a command that adds some, and for trackers that hear of them."""
    parser.add_argument("--runs", type=place, metavar="PLACE", help=f"where runs are remembered: {PLACE}, or {NOWHERE}")
    parser.add_argument(
        "--track",
        action="append",
        default=[],
        metavar="trackio:PROJECT|mlflow:URI",
        help="also log each run that is remembered there, with settings, scores and recipe; may be repeated (needs mergelab[tracking])",
    )


def place(text: str) -> str:
    """A URL or `none` as it is; ~ in a path is the home folder."""
    return text if text == NOWHERE or "://" in text else expanded(text)


@contextmanager
def opened(options: argparse.Namespace) -> Iterator[RunStore]:
    """The store that `runs_flag` names."""
    from mergelab.runs import RunStore

    with closing(RunStore.open(options.runs)) as store:
        yield store


def remembered(
    options: argparse.Namespace, request: RunRequest, job: ProgressGen[T], found: Callable[[T], RunResult]
) -> T:
    """Go through with `job`, with a progress bar, and remember what `found` makes of its result.

    Where only the default place cannot be written, that is said and the job done without it.
    """
    with lent_store(options) as store:
        return remembered_in(store, request, job, found)


def remembered_in(
    store: RunStore | None, request: RunRequest, job: ProgressGen[T], found: Callable[[T], RunResult]
) -> T:
    """As `remembered`, in a store that is open already; in none if it is None."""
    from mergelab.jobs.recording.recorded_job import recorded

    if store is None:
        return finished(job)
    number, result = finished(recorded(store, request, job, found))
    _note(f"remembered as run {number}; mergelab runs show {number}")
    return result


@contextmanager
def lent_store(options: argparse.Namespace) -> Iterator[RunStore | None]:
    """What `store_of` finds, until it is closed."""
    store = store_of(options)
    with closing(store) if store else nullcontext():
        yield store


def finished(job: ProgressGen[T]) -> T:
    """The job's result, with a progress bar until it is there."""
    result: T = followed(job)
    return result


def store_of(options: argparse.Namespace) -> RunStore | None:
    """The store that `remember_flag` names, with its trackers; None for `none`, and where the default place cannot be opened, which
    is said."""
    from mergelab.runs import RunLogger, RunsError, RunStore

    if options.runs == NOWHERE:
        if options.track:
            raise ValueError(
                "--track logs runs that are remembered, and --runs none remembers none; leave one of them out"
            )
        return None
    logger = RunLogger(options.track, _note)
    try:
        return RunStore.open(options.runs, logger)
    except RunsError as error:
        if options.runs:
            raise
        _note(f"this run is not remembered{', nor logged' if options.track else ''}: {error}")
        return None


def _note(sentence: str) -> None:
    print(f"note: {sentence}", file=sys.stderr)
