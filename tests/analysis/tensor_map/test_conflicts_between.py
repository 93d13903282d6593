"""The strongest conflicts of a tensor between two experts."""

from __future__ import annotations

import importlib

import numpy
import pytest
from tensor_sessions import session_for, session_of
from tiny_states import random_state, tuned

from mergelab.analysis.tensor_map import Conflicts, TensorSession, build_map, conflicts_between
from mergelab.engine.planning import schedule
from mergelab.runtime.progress import finish

ALL = {"method": {"name": "ties", "density": 1.0}}
DELTAS = [[3.0, 1.0, 0.5]], [[-1.0, 2.0, -4.0]], [[-2.0, -5.0, 1.0]]


def between(session: TensorSession, pair: tuple[int, int]) -> Conflicts:
    return finish(conflicts_between(session, "w", pair))


@pytest.mark.parametrize(
    ("pair", "places", "strengths"),
    [((0, 1), [0, 2], [1.0, 0.5]), ((2, 0), [0, 1], [2.0, 1.0]), ((1, 2), [1, 2], [2.0, 1.0])],
)
def test_a_clash_of_two_is_as_large_as_the_smaller_of_their_changes(
    pair: tuple[int, int], places: list[int], strengths: list[float]
) -> None:
    found = between(session_of(ALL, *DELTAS), pair)
    assert (found.total, found.places.tolist(), found.strengths.tolist()) == (2, places, strengths)


def test_the_other_numbers_are_those_of_all_experts() -> None:
    session = session_of(ALL, *DELTAS)
    found, whole = between(session, (0, 1)), finish(build_map(session, "w")).conflicts
    first = whole.places.tolist().index(0)
    assert found.deltas[:, 0].tolist() == [3, -1, -2]
    for name in ("signs", "base", "merged"):
        assert getattr(found, name)[0] == getattr(whole, name)[first]


def test_a_change_that_is_trimmed_clashes_with_nothing() -> None:
    found = between(session_of({"method": {"name": "ties", "density": 0.34}}, *DELTAS), (0, 1))
    assert (found.total, found.places.tolist()) == (0, [])


def test_the_order_of_the_recipe_names_the_experts_also_where_two_have_the_same_weights() -> None:
    session = session_of(ALL, DELTAS[0], DELTAS[0], DELTAS[1])
    assert between(session, (0, 1)).total == 0
    assert between(session, (0, 2)).places.tolist() == between(session, (1, 2)).places.tolist() == [0, 2]


@pytest.mark.parametrize("pair", [(1, 1), (0, 3), (-1, 0)])
def test_places_that_do_not_name_two_experts_are_refused(pair: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="choose two different places from 0 to 2"):
        between(session_of(ALL, *DELTAS), pair)


def test_a_tensor_read_in_stretches_has_the_same_clashes(monkeypatch: pytest.MonkeyPatch) -> None:
    base = random_state(2, 1.0, {"w": (23, 8), "other": (4, 4)})
    recipe = {"method": {"name": "ties", "density": 0.4}}
    whole = between(session_for(recipe, tuned(base), base), (0, 1))
    monkeypatch.setattr(schedule, "KEEP_BYTES", 0)
    monkeypatch.setattr(importlib.import_module("mergelab.analysis.tensor_map.build_map"), "BAND", 32)
    parts = between(session_for(recipe, tuned(base), base), (0, 1))
    assert whole.total > 0
    for name, value in vars(whole).items():
        assert numpy.array_equal(getattr(parts, name), value), name
