"""Runs long work on the command line with a progress bar."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mergelab.runtime.progress import PartialGen, Progress


def followed(steps: PartialGen[Any]) -> Any:
    """Run long work, with a progress bar on stderr if that is a terminal."""
    from mergelab.runtime.progress import finish

    if not sys.stderr.isatty():
        return finish(steps)
    from rich.console import Console
    from rich.progress import Progress as Bars

    with Bars(console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task("Starting", total=None)

        def show(progress: Progress) -> None:
            bars.update(bar, description=progress.stage, completed=progress.done, total=progress.total or None)

        return finish(steps, show)
