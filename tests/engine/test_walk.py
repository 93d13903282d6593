"""Following one tensor's key from `merge_tensor` to its kernel, or to its reference function, is a short, straight walk."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import torch
from fused_merges import fused
from tiny_states import plan_for

import mergelab
from mergelab.engine import PreparedMerge, merge_tensor, prepare
from mergelab.engine.planning import schedule
from mergelab.methods.registry import METHODS
from mergelab.runtime.progress import finish

PACKAGE = Path(mergelab.__file__).parent
FOLLOWED = ("engine", "kernels")
"""Packages that a reader goes through; calls into others (reading files, methods, random bits) end a path."""
MOST_STOPS, MOST_ENTRIES = 12, 2
BASE = {"w": torch.arange(300.0).reshape(30, 10), "v": torch.zeros(40)}
EXPERTS = {name: {key: value + number for key, value in BASE.items()} for number, name in enumerate("abc", 1)}
RECIPES: list[dict[str, Any]] = [
    {"method": "ties"},
    {"method": "ties", "sparsify": "trim"},
    {"method": {"name": "ties", "scope": "tensor"}, "sparsify": {"name": "trim", "scope": "tensor"}},
    {"method": {"name": "ties", "scope": "tensor"}, "sparsify": "dare"},
    {"method": "task_arithmetic", "sparsify": "dare"},
    {"method": "average"},
]


@dataclass
class Walk:
    """The calls that lead from one module of the followed packages to another; a function counts once."""

    stack: list[str] = field(default_factory=lambda: ["test"])
    stops: list[tuple[str, str]] = field(default_factory=list)

    def note(self, frame: FrameType, event: str, _: object) -> None:
        """What `sys.setprofile` calls."""
        room = self.room_of(frame)
        if room is None or event not in ("call", "return"):
            return
        if event == "return":
            self.stack.pop()
            return
        before, stop = self.stack[-1], (room, frame.f_code.co_qualname)
        self.stack.append(room)
        if before != room and self.follows(before) and self.follows(room) and stop not in self.stops:
            self.stops.append(stop)

    @staticmethod
    def room_of(frame: FrameType) -> str | None:
        """The module that a frame runs in, by its path in the package; None outside of it and for parts of a function."""
        path = Path(frame.f_code.co_filename)
        parts = {"<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>", "<lambda>"}
        if frame.f_code.co_name in parts or not path.is_relative_to(PACKAGE):
            return None
        return str(path.relative_to(PACKAGE).with_suffix(""))

    @staticmethod
    def follows(room: str) -> bool:
        return room == "test" or room.startswith(FOLLOWED)

    @property
    def rooms(self) -> list[str]:
        """The stops after `merge_tensor`; several functions of one room in a row are one stop."""
        rooms = [room for room, _ in self.stops]
        return [room for before, room in pairwise(rooms) if room != before]

    @property
    def entries(self) -> Counter[str]:
        """How often each room is entered."""
        return Counter(self.rooms)


@contextmanager
def following() -> Iterator[Walk]:
    walk = Walk()
    sys.setprofile(walk.note)
    try:
        yield walk
    finally:
        sys.setprofile(None)


def walk_of(prepared: PreparedMerge) -> Walk:
    merge_tensor(prepared, "v")  # imports and caches are no part of the walk
    with following() as walk:
        merge_tensor(prepared, "w")
    return walk


def prepared(recipe: dict[str, Any]) -> PreparedMerge:
    return finish(prepare(plan_for(recipe, EXPERTS, BASE)))


def visible(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> list[str]:
    """Record calls of a function, which may be compiled; returns the list of its name for each call."""
    calls: list[str] = []
    real: Callable[..., Any] = getattr(owner, name)
    monkeypatch.setattr(owner, name, lambda *given, **named: calls.append(name) or real(*given, **named))
    return calls


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_the_walk_to_a_kernel_is_short_and_enters_no_room_more_than_twice(
    monkeypatch: pytest.MonkeyPatch, recipe: dict[str, Any]
) -> None:
    from mergelab.kernels.cpu import merging

    fused(monkeypatch)
    made = prepared(recipe)
    kernels = {"ties": "merge_elected", "task_arithmetic": "merge_linear", "average": "merge_mean"}
    calls = visible(monkeypatch, merging, kernels[made.method.rule.name])
    walk = walk_of(made)
    assert len(calls) == 2, "both tensors are merged by the kernel"
    assert walk.stops[0] == ("engine/execution", "merge_tensor")
    assert len(walk.rooms) <= MOST_STOPS, walk.stops
    assert max(walk.entries.values()) <= MOST_ENTRIES, walk.entries


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_so_is_the_walk_to_the_reference_function(monkeypatch: pytest.MonkeyPatch, recipe: dict[str, Any]) -> None:
    monkeypatch.setattr(schedule, "KERNELS_FROM", 10**12)
    monkeypatch.setattr(schedule, "KEEP_BYTES", 0)
    made = prepared(recipe)
    walk = walk_of(made)
    assert made.method.rule is METHODS[made.method.rule.name] and not made.schedule.kernel_keys
    assert len(walk.rooms) <= MOST_STOPS, walk.stops
    assert max(walk.entries.values()) <= MOST_ENTRIES, walk.entries
    assert not any(room.startswith("kernels") for room in walk.rooms)


def test_a_survey_ahead_of_the_walk_leaves_nothing_to_survey_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    fused(monkeypatch)
    assert "engine/survey" not in walk_of(prepared({"method": "ties"})).rooms
