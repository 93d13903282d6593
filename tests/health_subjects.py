"""Merges of models that are small enough to compute their health by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from tiny_states import State, plan_for

from mergelab.analysis.health import CheckResult, Health, HealthSubject, WeightRecord, examine
from mergelab.checkpoints import open_checkpoint
from mergelab.engine import merged_model, prepare
from mergelab.evaluation.tasks import TaskSet
from mergelab.runtime.progress import finish

FIRST, SECOND = "model.layers.0.mlp.up_proj.weight", "model.layers.1.mlp.up_proj.weight"


def layers(first: Sequence[float], second: Sequence[float]) -> State:
    """A model of two layers with one row of weights each."""
    return {FIRST: torch.tensor([first]), SECOND: torch.tensor([second])}


BASE = layers([30.0, 40.0], [60.0, 80.0])
EXPERTS = {
    "a": layers([33.0, 44.0], [63.0, 84.0]),
    "b": layers([33.0, 44.0], [63.0, 84.0]),
    "c": layers([33.0, 44.0], [63.0, 84.0]),
}
"""Every expert changes every layer by (3, 4), whose length is 5."""


def health_of(method: Any, merged: Mapping[str, torch.Tensor] | None = None, count: int = 3, **fields: Any) -> Health:
    """The health of a merge of the first experts onto the base; with `merged`, of these tensors beside its recipe."""
    models = dict(list(EXPERTS.items())[:count])
    planned = plan_for({"method": method, "models": list(models), **fields}, models, BASE)
    record = WeightRecord(planned)
    for key, tensor in (merged or finish(merged_model(finish(prepare(planned, "cpu")))).tensors).items():
        record.add(key, tensor)
    return finish(examine(HealthSubject(record, {}, None, planned)))


def folder_subject(folder: Path, tasks: Sequence[TaskSet] = ()) -> HealthSubject:
    """A model folder without a recipe."""
    model = open_checkpoint(str(folder))
    body = {key: model.read(key) for key in model.specs}
    record = WeightRecord()
    for key, tensor in body.items():
        record.add(key, tensor)
    return HealthSubject(record, model.config, folder, body=lambda: body, tasks=tasks)


def check_of(health: Health, name: str) -> CheckResult:
    """The result of one check."""
    return next(check for check in health.checks if check.name == name)
