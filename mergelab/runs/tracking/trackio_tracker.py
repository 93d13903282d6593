"""Logs runs to a project of trackio."""

from __future__ import annotations

import io
import os
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from mergelab.runs.tracking.logged_run import LoggedRun

RECIPE = "recipe.yml"
ELSEWHERE = ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL")
"""Variables that send runs to a Space or a server; what cannot be sent, trackio keeps, and sends the next time."""


class TrackioTracker:
    """Logs to the project `place`: in the folder $TRACKIO_DIR, or on a Space or a server that trackio's variables name."""

    def __init__(self, place: str) -> None:
        self._project = place

    def log(self, run: LoggedRun) -> None:
        """Log a run: settings and tags as its config, metrics and the number as its one step, the recipe as an artifact.

        Raises `RuntimeError` if trackio did not keep it: trackio itself only warns.
        """
        import trackio

        with redirect_stdout(io.StringIO()):  # trackio's greetings; commands print when the logger has come to its end
            begun = trackio.init(
                self._project,
                name=run.name,
                group=run.group or None,
                config={**run.settings, **run.tags},
                embed=False,
                auto_log_gpu=False,
                auto_log_cpu=False,
            )
            try:
                begun.log({"mergelab.run": run.number, **run.metrics})
                if run.recipe:
                    _keep_recipe(begun, run)
            finally:
                trackio.finish()
        if not any(os.environ.get(name) for name in ELSEWHERE) and begun.id not in self._kept():
            raise RuntimeError("trackio did not keep it; its warning says why")

    def _kept(self) -> set[str]:
        import trackio

        return {run.id for run in trackio.Api().runs(self._project)}


def _keep_recipe(begun: Any, run: LoggedRun) -> None:
    with tempfile.TemporaryDirectory(prefix="mergelab-") as folder:
        file = Path(folder, RECIPE)
        file.write_text(run.recipe, encoding="utf-8")
        begun.log_artifact(file, name=f"run-{run.number}-recipe", type="recipe")
