"""A base, two experts with heads of their own, and the tables that they answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tiny_task_models import MOODS, sentences, text_model

TOPICS = ("book", "film")


def experts_with_tables(root: Path) -> Path:
    """The folders `base`, `moods` and `topics` under `root`, and `moods.csv` and `topics.csv` with 60 rows for them."""
    text_model(root / "base", None)
    for number, (name, labels) in enumerate({"moods": MOODS, "topics": TOPICS}.items(), 1):
        text_model(root / name, labels, seed=number)
        rows = [f"{text},{labels[row % len(labels)]}" for row, (text, _) in enumerate(sentences(60, number))]
        (root / f"{name}.csv").write_text("\n".join(["text,label", *rows, ""]), encoding="utf-8")
    return root


def recipe_of_experts(root: Path, method: Any = "average", **fields: Any) -> dict[str, Any]:
    """A recipe for the models of `experts_with_tables`."""
    return {
        "base": str(root / "base"),
        "models": [str(root / "moods"), str(root / "topics")],
        "method": method,
        **fields,
    }
