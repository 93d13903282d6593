"""Two tiny classifiers that answer one task set, and sweeps over their merges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny_task_models import MOODS, WORDS, text_model

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
