"""Statistics of all experts at once: every kind, each expert's own body, the knobs of the method that asks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_task_models import sentences, text_model, text_task, weights
from torch import Tensor

from mergelab.evaluation.calibration import Experts, Fisher, Gram, estimate, take_statistics
from mergelab.evaluation.calibration.expert_statistics import TOGETHER
from mergelab.evaluation.calibration.fisher_diagonal import asked_by
from mergelab.evaluation.calibration.statistic_spec import MEASURES
from mergelab.evaluation.kinds import find_kind
from mergelab.methods import METHODS
from mergelab.methods.registry import Statistic
from mergelab.runtime.progress import ProgressGen, finish


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERGELAB_CACHE", str(tmp_path / "cache"))


def test_every_statistic_that_a_method_declares_can_be_taken() -> None:
    declared = {mark.kind for rule in METHODS.values() for mark in rule.wanting(Statistic).values()}
    assert declared == {*MEASURES, *TOGETHER}


def test_each_expert_is_measured_by_itself_and_its_body_made_once(tmp_path: Path) -> None:
    folders = [text_model(tmp_path / name, seed=seed, layers=1) for seed, name in enumerate("ab")]
    tasks = [text_task(folder, folder, sentences(6), split="calibration") for folder in folders]
    bodies = [
        {key.removeprefix("bert."): value for key, value in weights(folder).items() if key.startswith("bert.")}
        for folder in folders
    ]
    made: list[int] = []

    def body(place: int) -> ProgressGen[dict[str, Tensor]]:
        made.append(place)
        yield from ()
        return bodies[place]

    key = "encoder.layer.0.output.dense.weight"
    experts = Experts(
        names=["a", "b"],
        tasks=tasks,
        base=lambda: bodies[0],
        body=body,
        keys=[key],
        tied={},
        knobs={"estimate": "auto"},
        rows=None,
        seed=0,
        device="cpu",
    )
    found = finish(take_statistics({"fisher", "gram", "gram_in_out"}, experts))
    assert made == [0, 1] and found.keys() == {"fisher", "gram", "gram_in_out"}
    for name, task, own in zip("ab", tasks, bodies, strict=True):
        for kind, measure in {"fisher": Fisher(), "gram": Gram()}.items():
            expected = finish(estimate(own, task, measure, keys=[key], cache=False))
            assert torch.equal(found[kind][name][key], expected[key])
        assert found["gram_in_out"][name] == {}
    assert not torch.equal(found["gram"]["a"][key], found["gram"]["b"][key])


@pytest.mark.parametrize(
    ("asked", "classes", "estimator"),
    [("auto", 16, "exact"), ("auto", 17, "sketched"), ("exact", 99, "exact"), ("sketched", 2, "sketched")],
)
def test_the_fisher_is_exact_for_few_classes_unless_told_otherwise(asked: str, classes: int, estimator: str) -> None:
    kind = find_kind("text-classification")
    task: Any = type("Task", (), {"labels": ("a",) * classes, "asked": kind})
    assert asked_by(task, {"estimate": asked}) == Fisher(estimator, samples=1 if estimator == "exact" else 4)
