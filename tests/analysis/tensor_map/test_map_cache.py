"""Maps that are kept on disk."""

from __future__ import annotations

import os
from pathlib import Path

import numpy
import pytest
from tensor_sessions import desk_of

from mergelab.analysis.tensor_map import TensorMap, build_map, cached_map, map_cache
from mergelab.runtime.progress import finish

DESK = desk_of({"method": {"name": "ties", "density": 1.0}}, [[3.0, 1.0]], [[-1.0, 2.0]])


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path))
    return tmp_path / "tensor-maps"


def test_a_map_survives_its_file(cache: Path) -> None:
    built = finish(build_map(DESK, "w"))
    built.save(cache / "x.npz")
    read = TensorMap.load(cache / "x.npz")
    assert (read.key, read.shape, read.experts, read.pyramid.side) == ("w", (1, 2), ("a", "b"), 1)
    for name, values in built.pyramid.fields.items():
        assert numpy.array_equal(read.pyramid.fields[name], values)
    assert read.conflicts.places.tolist() == [0]


def test_a_map_is_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    finish(cached_map(DESK, "w", "name"))
    monkeypatch.setattr(map_cache, "build_map", lambda *_: pytest.fail("built again"))
    assert finish(cached_map(DESK, "w", "name")).conflicts.total == 1


def test_a_damaged_file_is_built_again(cache: Path) -> None:
    finish(cached_map(DESK, "w", "name"))
    (cache / "name.npz").write_bytes(b"PK nonsense")
    assert finish(cached_map(DESK, "w", "name")).conflicts.total == 1


def test_the_maps_not_used_for_longest_make_room(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for age, name in enumerate(("new", "old")):
        finish(cached_map(DESK, "w", name))
        os.utime(cache / f"{name}.npz", (1e9 - age, 1e9 - age))
    size = (cache / "new.npz").stat().st_size
    monkeypatch.setattr(map_cache, "MOST_BYTES", 2 * size)
    finish(cached_map(DESK, "w", "newest"))
    assert sorted(path.stem for path in cache.glob("*.npz")) == ["new", "newest"]
