from __future__ import annotations

from dataclasses import replace

from runs.samples import REQUEST, RESULT, remembered

from mergelab.evaluation.scores import mean_score
from mergelab.runs import RunKind, RunRecord
from mergelab.runs.comparable_runs import bases_of, largest_group, left_a_race, rows_behind

MOVIE, BOOK = RESULT.scores


def point(number: int, rows: int, group: str) -> RunRecord:
    request = replace(REQUEST, kind=RunKind.SWEEP_POINT, group=group)
    return replace(remembered(number), request=request, result=replace(RESULT, scores=(replace(MOVIE, n=rows),)))


def test_the_rows_behind_a_mean_are_those_of_all_shares() -> None:
    song = replace(MOVIE, task="song")
    assert rows_behind([MOVIE, BOOK], MOVIE) == "movie (validation), 12 rows"
    assert rows_behind([song, MOVIE, BOOK], mean_score([song, MOVIE])) == "movie, song (validation), 12 rows each"
    longer = replace(song, n=20)
    assert rows_behind([longer, MOVIE], mean_score([longer, MOVIE])) == "movie, song (validation), 12 + 20 rows"


def test_a_point_with_fewer_rows_than_others_of_its_sweep_has_left_the_race() -> None:
    assert left_a_race([point(1, 10, "one"), point(2, 20, "one"), point(3, 10, "two"), remembered(4)]) == {1}


def test_the_largest_group_is_ranked_without_runs_that_left_a_race() -> None:
    among = {1: "a", 2: "a", 3: "b", 4: "c"}
    assert largest_group(among, set()) == [1, 2]
    assert largest_group(among, {1, 2}) == [4]
    assert largest_group({1: "a"}, {1}) == [1]


def test_an_expert_that_was_scored_as_it_is_belongs_to_its_base() -> None:
    expert, stranger = (replace(REQUEST, name=name, recipe={}) for name in ("a", "z"))
    runs = [remembered(1), replace(remembered(2), request=expert), replace(remembered(3), request=stranger)]
    assert bases_of(runs) == {1: "tiny", 2: "tiny", 3: "z"}
