"""The strongest conflicts of a tensor."""

from __future__ import annotations

import importlib

import numpy
import pytest
import torch
from tensor_sessions import session_for, session_of
from tiny_states import random_state, tuned

from mergelab.analysis.tensor_map import Conflicts, TensorSession, build_map
from mergelab.analysis.tensor_map.strongest_conflicts import strength
from mergelab.engine.planning import schedule
from mergelab.runtime.progress import finish

ALL = {"method": {"name": "ties", "density": 1.0}}


def conflicts(session: TensorSession, key: str = "w") -> Conflicts:
    return finish(build_map(session, key)).conflicts


def test_strength_is_what_the_weaker_side_brings() -> None:
    kept = torch.tensor([[3.0, 1.0, 0.0], [-1.0, 2.0, -4.0], [-0.5, -5.0, 0.0]])
    assert strength(kept).tolist() == [1.5, 3.0, 0.0]


def test_the_strongest_come_first_with_all_their_numbers() -> None:
    found = conflicts(session_of(ALL, [[3.0, 1.0, 1.0]], [[-1.0, 2.0, -4.0]]))
    assert found.total == 2
    assert found.places.tolist() == [0, 2]
    assert found.strengths.tolist() == [1, 1]
    assert found.deltas.tolist() == [[3, 1], [-1, -4]]
    assert found.signs.tolist() == [1, -1]
    assert found.merged.tolist() == [3, -4]


def test_the_level_is_the_density_from_which_on_a_trim_keeps_an_entry() -> None:
    deltas = [[4.0, 1.0, 2.0, 3.0]], [[-1.0, 1.0, 1.0, -5.0]]
    found = conflicts(session_of(ALL, *deltas))
    assert found.places.tolist() == [3, 0]
    assert found.levels.tolist() == [[0.5, 0.25], [0.25, 0.5]]
    for density in (0.25, 0.5):
        kept = conflicts(session_of({"method": {"name": "ties", "density": density}}, *deltas))
        assert kept.places.tolist() == ([3, 0] if density == 0.5 else [])


def test_the_level_of_a_random_drop_is_its_draws() -> None:
    deltas = [[1.0] * 32], [[-1.0] * 32]
    dare = {"method": "task_arithmetic", "sparsify": {"name": "dare", "density": 1.0, "rescale": "none"}}
    levels = conflicts(session_of(dare, *deltas))
    later = {**dare, "sparsify": {"name": "dare", "density": 0.6, "rescale": "none"}}
    kept = set(conflicts(session_of(later, *deltas)).places.tolist())
    assert kept == set(levels.places[(levels.levels <= 0.6).all(0)].tolist())


def test_a_sparsifier_without_a_density_has_no_level() -> None:
    consensus = {"method": "task_arithmetic", "sparsify": {"name": "consensus", "threshold": 0.0, "min_models": 1}}
    assert numpy.isnan(conflicts(session_of(consensus, [[3.0]], [[-1.0]])).levels).all()


def test_methods_without_an_election_or_a_trim_leave_both_open() -> None:
    found = conflicts(session_of({"method": "average"}, [[1.0]], [[-2.0]]))
    assert numpy.isnan(found.signs).all()
    assert numpy.isnan(found.levels).all()


def test_a_tensor_without_conflicts_has_an_empty_list() -> None:
    found = conflicts(session_of(ALL, [[1.0]], [[2.0]]))
    assert (found.total, found.places.tolist(), found.deltas.shape) == (0, [], (2, 0))


def test_a_tensor_read_in_stretches_has_the_same_map(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = {"w": (23, 8), "other": (4, 4)}
    base = random_state(2, 1.0, shapes)
    whole = finish(build_map(session_for({"method": {"name": "ties", "density": 0.4}}, tuned(base), base), "w"))
    monkeypatch.setattr(schedule, "KEEP_BYTES", 0)
    monkeypatch.setattr(importlib.import_module("mergelab.analysis.tensor_map.build_map"), "BAND", 32)
    parts = finish(build_map(session_for({"method": {"name": "ties", "density": 0.4}}, tuned(base), base), "w"))
    for name, values in whole.pyramid.fields.items():
        assert numpy.allclose(parts.pyramid.fields[name], values)
    for name, value in vars(whole.conflicts).items():
        assert numpy.array_equal(getattr(parts.conflicts, name), value), name
