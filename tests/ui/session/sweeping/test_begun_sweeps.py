from __future__ import annotations

from pathlib import Path

import pytest

from mergelab.runtime.cache import SWEEPS, store
from mergelab.ui.messages import SweepLeft, SweepRequest
from mergelab.ui.session.sweeping import begun_sweeps
from mergelab.ui.session.sweeping.begun_sweeps import keep_begun, keep_ended, keep_stopped, keep_tried, left_behind

ONE = SweepLeft(
    "method=ties",
    "TIES",
    SweepRequest({"seed": "0:1:1"}, ["mean"], "", 0, 0.5, 100, "halving", 1),
    "2026-01-02T03:04:05+00:00",
    0,
    20,
    "interrupted",
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path))


def restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(begun_sweeps, "SERVER", "another process")


def test_a_sweep_is_left_behind_once_its_server_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert left_behind() is None
    keep_begun("digest", ONE)
    assert left_behind() is None
    restart(monkeypatch)
    assert left_behind() == ONE


def test_it_is_known_how_far_it_came_and_when(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_begun("digest", ONE)
    keep_tried("digest", 7)
    keep_tried("another digest", 9)
    restart(monkeypatch)
    left = left_behind()
    assert left and (left.tried, left.points) == (7, 20)
    assert ONE.at < left.at <= begun_sweeps.now()


def test_a_cancelled_sweep_is_called_so_until_it_is_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_begun("digest", ONE)
    keep_tried("digest", 7)
    keep_stopped("another digest", "failed")
    keep_stopped("digest", "cancelled")
    restart(monkeypatch)
    left = left_behind()
    assert left and (left.state, left.tried) == ("cancelled", 7)
    keep_begun("digest", ONE)
    monkeypatch.setattr(begun_sweeps, "SERVER", "a third process")
    assert left_behind() == ONE


def test_a_sweep_that_was_stopped_on_this_server_is_told_apart_from_those_of_earlier_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep_begun("digest", ONE)
    keep_tried("digest", 7)
    keep_stopped("digest", "cancelled")
    here = left_behind()
    assert here and (here.state, here.tried, here.here) == ("cancelled", 7, True)
    restart(monkeypatch)
    later = left_behind()
    assert later and not later.here
    keep_begun("digest", ONE)
    assert left_behind() is None, "it is under way again"


def test_a_sweep_that_has_ended_is_not_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_begun("digest", ONE)
    keep_ended("earlier digest")
    restart(monkeypatch)
    assert left_behind() == ONE
    keep_ended("digest")
    assert left_behind() is None


def test_what_another_version_wrote_is_no_sweep() -> None:
    store().put(SWEEPS, begun_sweeps.KEY, b'{"server": "s", "digest": "d", "sweep": {"query": ""}}')
    assert left_behind() is None
