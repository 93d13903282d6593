from __future__ import annotations

from dataclasses import replace

from runs.samples import RESULT, remembered

from mergelab.runs import RunState
from mergelab.runs.run_columns import columns_of, differing, in_reading_order, table_columns


def test_a_row_has_settings_scores_and_figures_under_names() -> None:
    row = columns_of(remembered(3))
    assert list(row)[:8] == ["run", "name", "state", "kind", "base", "expert a", "weight of a", "method"]
    assert (row["run"], row["expert a"], row["method"], row["method.density"]) == (3, "merged", "ties", 0.2)
    assert (row["movie (validation)"], row["book (validation)"]) == (0.75, 1.5)
    assert (row["conflicting"], row["health"], row["seconds"]) == (0.25, "healthy", 1.5)


def test_a_mean_is_of_shares_of_rows_only() -> None:
    assert "mean (validation)" not in columns_of(remembered(1))
    movie, book = RESULT.scores
    third = replace(movie, task="song", value=0.25)
    row = columns_of(replace(remembered(1), result=replace(RESULT, scores=(movie, third, book))))
    assert row["mean (validation)"] == 0.5


def test_only_columns_that_differ_are_kept_and_those_that_name_a_run() -> None:
    failed = replace(remembered(2), state=RunState.FAILED, result=None, error="too hot")
    names = differing([columns_of(remembered(1)), columns_of(failed)])
    assert names[:3] == ["run", "name", "state"]
    assert {"error", "movie (validation)", "weights"} < set(names)
    assert not {"method.density", "kind", "note"} & set(names)
    assert differing([columns_of(remembered(1)), columns_of(remembered(2))]) == ["run", "name", "state"]


def test_means_are_read_first_and_what_only_some_runs_say_of_a_model_last() -> None:
    rows = [{"weight of a": 1, "density": 2, "weight of b": 1}, {"density": 3, "weight of b": 2}]
    names = ["weight of a", "density", "weight of b", "movie (test)", "mean (test)"]
    scores = {"movie (test)", "mean (test)"}
    assert in_reading_order(names, rows, scores) == [
        "mean (test)",
        "movie (test)",
        "density",
        "weight of b",
        "weight of a",
    ]


def test_a_table_begins_with_what_names_a_run_and_its_scores() -> None:
    movie, book = RESULT.scores
    better = replace(RESULT, scores=(replace(movie, value=0.875), replace(movie, task="song"), book))
    runs = [replace(remembered(2), result=better), remembered(1)]
    rows = [columns_of(run) for run in runs]
    first = ["run", "name", "state", "mean (validation)", "movie (validation)"]
    assert table_columns(runs, rows) == [*first, "song (validation)"]
    names = table_columns(runs, rows, all_columns=True)
    assert names[:7] == [*first, "book (validation)", "song (validation)"] and set(names) == set(rows[0])
