"""Garbage collection rests during imports, and is rare afterwards."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from mergelab.runtime.lasting_imports import OBJECTS, lasting_imports


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """What the collector was told stays as it was for other tests."""
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)


def test_no_collection_runs_inside_and_they_are_rare_afterwards() -> None:
    with lasting_imports():
        assert not gc.isenabled()
    assert gc.isenabled() and gc.get_threshold()[0] == OBJECTS


def test_an_import_that_fails_leaves_collections_on() -> None:
    with pytest.raises(ImportError), lasting_imports():
        raise ImportError
    assert gc.isenabled()
