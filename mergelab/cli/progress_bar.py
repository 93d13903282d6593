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
    from rich.progress import TextColumn

    columns = *Bars.get_default_columns(), TextColumn("{task.fields[pace]}")
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task("Starting", total=None, pace="")

        def show(progress: Progress) -> None:
            bars.update(bar, description=progress.stage, completed=progress.done, total=progress.total or None)
            bars.update(bar, pace=pace(progress.unit, bars.tasks[0].speed))

        return finish(steps, show)


def pace(unit: str, speed: float | None) -> str:
    """`120 rows/s` while rows are counted and their speed is known, else empty text."""
    from mergelab.runtime.progress import rows_per_second

    return rows_per_second(speed) if unit == "rows" and speed else ""
