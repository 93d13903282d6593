"""Maps that are kept in the cache."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
from cached import cached
from tensor_sessions import session_of

from mergelab.analysis.tensor_map import TensorMap, build_map, cached_map, map_cache
from mergelab.runtime.cache import TENSOR_MAPS
from mergelab.runtime.progress import finish

SESSION = session_of({"method": {"name": "ties", "density": 1.0}}, [[3.0, 1.0]], [[-1.0, 2.0]])


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path))


def test_a_map_comes_back_from_its_bytes() -> None:
    built = finish(build_map(SESSION, "w"))
    read = TensorMap.decode(built.encode())
    assert (read.key, read.shape, read.experts, read.pyramid.side) == ("w", (1, 2), ("a", "b"), 1)
    for name, values in built.pyramid.fields.items():
        assert numpy.array_equal(read.pyramid.fields[name], values)
    assert read.conflicts.places.tolist() == [0]


def test_a_map_is_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    finish(cached_map(SESSION, "w", "name"))
    monkeypatch.setattr(map_cache, "build_map", lambda *_: pytest.fail("built again"))
    assert finish(cached_map(SESSION, "w", "name")).conflicts.total == 1


def test_a_damaged_map_is_built_again() -> None:
    finish(cached_map(SESSION, "w", "name"))
    cached(TENSOR_MAPS)[0].write_bytes(b"PK nonsense")
    assert finish(cached_map(SESSION, "w", "name")).conflicts.total == 1
