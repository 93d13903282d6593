"""A merge in which one cell of a two-layer classifier is damaged, and rows that its expert answers rightly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from tiny_task_models import MOODS, sentences, text_model, text_task
from torch import Tensor

from mergelab.checkpoints import open_checkpoint
from mergelab.engine import Plan, plan
from mergelab.evaluation.evaluate import body_of
from mergelab.evaluation.task_models.asking import ask
from mergelab.evaluation.tasks import TaskSet
from mergelab.recipe import Recipe
from mergelab.runtime.progress import finish

CELL = ("1", "mlp.up")


@dataclass(frozen=True)
class DamagedMerge:
    """`body` is the expert's with noise in the cell `CELL`; `task` has 60 rows with the expert's own answers as labels."""

    plan: Plan
    body: dict[str, Tensor]
    task: TaskSet


def damaged_merge(root: Path) -> DamagedMerge:
    """Make the models under `root`: a base, the expert `moods`, and another expert."""
    text_model(root / "base", None)
    for seed, name in enumerate(("moods", "other"), 1):
        text_model(root / name, MOODS, seed=seed)
    models = [str(root / name) for name in ("moods", "other")]
    recipe = Recipe.from_mapping({"base": str(root / "base"), "models": models, "method": "average"})
    base, *experts = (open_checkpoint(name) for name in (str(root / "base"), *models))
    whole, task = body_of(experts[0], base), text_task(root, root / "moods", sentences(60), "validation")
    noise = torch.Generator().manual_seed(0)
    damaged = {
        key: torch.randn(value.shape, generator=noise) * 3 if key.startswith("encoder.layer.1.intermediate") else value
        for key, value in whole.items()
    }
    return DamagedMerge(plan(recipe, base, experts), damaged, _answered_by(whole, task, root))


def _answered_by(body: dict[str, Tensor], task: TaskSet, root: Path) -> TaskSet:
    """The same rows with this body's answers as labels."""
    rows = task.rows("validation")
    given = [answer.given for answer in finish(ask(body, task, rows, 0, 60, "cpu"))]
    labelled = [(str(text), MOODS[int(str(label))]) for text, label in zip(rows.inputs, given, strict=True)]
    return text_task(root, root / "moods", labelled, "validation")
