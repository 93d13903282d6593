"""A head that all experts share and the base lacks."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from mergelab.checkpoints import Checkpoint, compare, in_memory
from mergelab.checkpoints.alignment.shared_heads import REASON

LABELS = {"architectures": ["BertForSequenceClassification"], "id2label": {"0": "bad", "1": "good"}}
BODY = "encoder.layer.0.output.dense.weight"


def expert(name: str, head: float, shape: tuple[int, ...] = (2, 4), **config: Any) -> Checkpoint:
    state = {f"bert.{BODY}": torch.ones(4, 4), "classifier.weight": torch.full(shape, head)}
    return in_memory(name, state, {**LABELS, **config})


BASE = in_memory("base", {BODY: torch.ones(4, 4)}, {"architectures": ["BertModel"]})


def test_the_merged_model_has_the_mean_of_the_heads_and_the_experts_class() -> None:
    found = compare(BASE, [expert("a", 1.0), expert("b", 4.0)])
    assert found.base.read("classifier.weight").unique().tolist() == [2.5]
    assert found.left_out == {"classifier.weight": REASON} and found.mergeable == (BODY,)
    assert {name: found.base.config[name] for name in LABELS} == LABELS
    assert any("classifier.weight" in sentence for sentence in found.findings)


@pytest.mark.parametrize(("weights", "mean"), [([3.0, 1.0], 1.75), ([1.0, -1.0], 2.5), ([0.0, 0.0], 2.5)])
def test_the_mean_is_by_the_recipes_weights_if_they_do_not_sum_to_zero(weights: list[float], mean: float) -> None:
    found = compare(BASE, [expert("a", 1.0), expert("b", 4.0)], weights)
    assert found.base.read("classifier.weight").unique().tolist() == [mean]


def test_heads_in_several_formats_are_averaged_in_one_that_holds_both() -> None:
    half = expert("b", 4.0)
    half = in_memory("b", {key: half.read(key).half() for key in half.specs}, half.config)
    found = compare(BASE, [expert("a", 1.0), half])
    assert found.base.read("classifier.weight").unique().tolist() == [2.5]
    assert found.base.specs["classifier.weight"].dtype == torch.float32


def test_the_order_of_experts_changes_no_bit() -> None:
    heads = [expert(str(value), value) for value in (0.1, 0.2, 0.3)]
    one, two = compare(BASE, heads), compare(BASE, heads[::-1])
    assert torch.equal(one.base.read("classifier.weight"), two.base.read("classifier.weight"))


@pytest.mark.parametrize(
    "other",
    [
        expert("b", 1.0, id2label={"0": "cat", "1": "dog"}),
        expert("b", 1.0, (3, 4)),
        expert("b", 1.0, architectures=["BertForMultipleChoice"]),
        in_memory("b", {f"bert.{BODY}": torch.ones(4, 4)}, LABELS),
    ],
    ids=["labels", "shape", "class", "none"],
)
def test_heads_of_other_labels_shapes_or_classes_stay_with_their_task(other: Checkpoint) -> None:
    found = compare(BASE, [expert("a", 1.0), other])
    assert "classifier.weight" not in found.base.specs and found.base.config == BASE.config
    assert any("kept with its task (classifier.weight)" in note for note in found.notes)
