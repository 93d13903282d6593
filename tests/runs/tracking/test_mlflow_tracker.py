"""MLflow's own client writes to a file of SQLite."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from runs.samples import remembered

from mergelab.runs import RunState
from mergelab.runs.tracking.logged_run import logged_run
from mergelab.runs.tracking.mlflow_tracker import MlflowTracker, allowed_names


@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_runs_stand_in_the_experiment_with_parameters_metrics_tags_and_recipe(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    tracker = MlflowTracker(uri)
    tracker.log(logged_run(remembered(7)))
    tracker.log(logged_run(replace(remembered(8), state=RunState.FAILED, result=None, error="no memory")))

    from mlflow import MlflowClient
    from mlflow.artifacts import load_text

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("mergelab")
    failed, first = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time DESC"])
    assert (first.info.run_name, first.info.status, failed.info.status) == ("TIES of two", "FINISHED", "FAILED")
    assert first.data.params["method.density"] == "0.2" and first.data.tags["mergelab.digest"] == "ab12"
    assert (first.data.metrics["validation/movie"], first.data.metrics["validation/movie/n"]) == (0.75, 12)
    assert failed.data.tags["mergelab.error"] == "no memory"
    assert "density: 0.2" in load_text(f"{first.info.artifact_uri}/recipe.yml")
    assert (tmp_path / "mlartifacts").is_dir(), "artifacts lie beside the file, not in the current folder"


def test_names_are_those_that_mlflow_takes_and_stay_apart() -> None:
    given = {"method.density": 1, "weight of pixels/mnist": 2, "../mine": 3, "/abs": 4, "a×b": 5, "a_b": 6}
    assert allowed_names(given) == {
        "method.density": 1,
        "weight of pixels/mnist": 2,
        "..:mine": 3,
        ":abs": 4,
        "a_b": 5,
        "a_b 2": 6,
    }
