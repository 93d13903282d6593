from __future__ import annotations

import io

import pandas as pd
import pytest
import yaml
from runs.samples import remembered

from mergelab.runs import RunsError
from mergelab.runs.run_export import exported

RUNS = [remembered(2), remembered(1)]


def test_csv_has_a_row_per_run() -> None:
    table = pd.read_csv(io.BytesIO(exported(RUNS, "csv")))
    assert table["run"].tolist() == [2, 1]
    assert table["movie (validation)"].tolist() == [0.75, 0.75]
    assert list(table)[:5] == ["run", "name", "state", "movie (validation)", "book (validation)"], "as on the page"


def test_parquet_keeps_numbers_as_numbers() -> None:
    table = pd.read_parquet(io.BytesIO(exported(RUNS, "parquet")))
    assert table["run"].tolist() == [2, 1]
    assert table["method.density"].tolist() == [0.2, 0.2]
    assert table["name"].tolist() == ["TIES of two"] * 2


def test_yaml_has_the_recipe_as_it_can_be_merged_and_no_single_answers() -> None:
    first, _ = yaml.safe_load(exported(RUNS, "yaml"))
    assert first["request"]["recipe"]["method"] == {"name": "ties", "density": 0.2}
    assert first["state"] == "done" and first["created"] == "2026-01-02T03:04:05+00:00"
    assert first["result"]["scores"][0]["value"] == 0.75
    assert "answers" not in first["result"]["scores"][0]


def test_no_run_at_all_can_be_written() -> None:
    assert exported([], "csv").strip() == b""
    assert yaml.safe_load(exported([], "yaml")) == []
    assert len(exported([], "parquet")) > 0


def test_another_form_is_refused() -> None:
    with pytest.raises(RunsError, match="csv, parquet, yaml, not as 'xlsx'"):
        exported(RUNS, "xlsx")
