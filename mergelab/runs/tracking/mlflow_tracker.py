"""Logs runs to an MLflow tracking server or database."""

from __future__ import annotations

import os
import posixpath
import re
import time
from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from mergelab.runs.run_record import RunState
from mergelab.runs.tracking.logged_run import LoggedRun

EXPERIMENT = "mergelab"
SETTINGS_AT_ONCE, METRICS_AT_ONCE = 100, 500
"""How much MLflow takes in one request."""
STATES = {RunState.DONE: "FINISHED", RunState.FAILED: "FAILED"}
PATIENCE = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "10", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
"""A server that does not answer is given up after seconds, not after minutes; a person's own values count."""
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}


class MlflowTracker:
    """Logs to the tracking URI `place`, in the experiment $MLFLOW_EXPERIMENT_NAME or `mergelab`."""

    def __init__(self, place: str) -> None:
        self._uri = place

    def log(self, run: LoggedRun) -> None:
        """Log a run: settings as parameters, scores and figures as metrics, tags, the recipe as an artifact."""
        from mlflow.entities import Metric, Param

        client, moment = self._client, int(time.time() * 1000)
        number = client.create_run(self._experiment, run_name=run.name, tags=dict(run.tags)).info.run_id
        params = [Param(name, value) for name, value in allowed_names(run.settings).items()]
        metrics = [Metric(name, value, moment, 0) for name, value in allowed_names(run.metrics).items()]
        for some in _portions(params, SETTINGS_AT_ONCE):
            client.log_batch(number, params=some)
        for some in _portions(metrics, METRICS_AT_ONCE):
            client.log_batch(number, metrics=some)
        if run.recipe:
            client.log_text(number, run.recipe, "recipe.yml")
        client.set_terminated(number, STATES.get(run.state, "KILLED"))

    @cached_property
    def _client(self) -> Any:
        for name, value in {**PATIENCE, **QUIET}.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self._uri)

    @cached_property
    def _experiment(self) -> str:
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
        found = self._client.get_experiment_by_name(name)
        if found:
            return str(found.experiment_id)
        return str(self._client.create_experiment(name, artifact_location=self._artifacts()))

    def _artifacts(self) -> str | None:
        """A folder beside a file of SQLite, for MLflow would put artifacts into the current folder; others know their own."""
        if not self._uri.startswith("sqlite:///"):
            return None
        return (Path(self._uri.removeprefix("sqlite:///")).resolve().parent / "mlartifacts").as_uri()


def allowed_names(given: Mapping[str, Any]) -> dict[str, Any]:
    """The same values by names that MLflow takes: letters, digits and `_-. :/`, and no path that leads elsewhere.

    Two names that would become one are told apart by a number.
    """
    found: dict[str, Any] = {}
    for name, value in given.items():
        plain = re.sub(r"[^\w.\- :/]", "_", name)
        plain = plain if posixpath.normpath(plain) == plain and plain[0] not in "./" else plain.replace("/", ":")
        others = (f"{plain} {number}" for number in count(2))
        found[plain if plain not in found else next(each for each in others if each not in found)] = value
    return found


def _portions(given: list[Any], size: int) -> Iterable[list[Any]]:
    return (given[start : start + size] for start in range(0, len(given), size))
