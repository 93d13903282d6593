"""Two tiny classifiers that answer one task set, and sweeps over their merges."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_task_models import MOODS, WORDS, text_model

from mergelab.jobs.sweeping.sweep_outcome import Point, SweepOutcome
from mergelab.runtime.progress import Partial, PartialGen, Progress

OVER = {"method.scale": [0.0, 0.5, 1.0]}


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Task arithmetic of two models, whose answers nobody knows."""
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path / "cache"))
    base, one, other = (text_model(tmp_path / name, seed=seed) for seed, name in enumerate(("base", "one", "other")))
    return {"base": str(base), "models": [str(one), str(other)], "method": "task_arithmetic"}


@pytest.fixture
def task(tmp_path: Path) -> str:
    """90 rows, 30 of them for validation, whose labels have nothing to do with the texts."""
    splits = ("validation", "test", "calibration")
    rows = [
        f"{a} {b},{MOODS[(i * j) % 3]},{splits[(i + j) % 3]}" for i, a in enumerate(WORDS) for j, b in enumerate(WORDS)
    ]
    path = tmp_path / "moods.csv"
    path.write_text("text,label,split\n" + "\n".join(rows) + "\n")
    return str(path)


def followed(
    steps: PartialGen[SweepOutcome], look: Callable[[Point], None] = lambda point: None
) -> tuple[SweepOutcome, list[Point]]:
    """The outcome of a sweep, and every standing that was told on the way, which `look` is called with."""
    told = list[Point]()
    while True:
        try:
            step = next(steps)
        except StopIteration as ended:
            return ended.value, told
        if isinstance(step, Partial):
            told.append(step.result)
            look(step.result)
        else:
            assert isinstance(step, Progress) and 0 <= step.done <= step.total
