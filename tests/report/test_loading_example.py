"""The model card says which class of transformers loads the folder, and how an expert's head is put on top."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import torch
from tiny_states import plan_for

from mergelab.engine import Plan
from mergelab.report.loading_example import loading_example

BODY = {"encoder.w": torch.ones(3)}


def configured(architecture: str, expert_architecture: str = "", head: bool = False) -> Plan:
    """A plan whose models have these architectures; with `head`, the expert has a classifier that is not merged."""
    own = {"classifier.weight": torch.ones(2, 3)} if head else {}
    plan = plan_for({"method": "average"}, {"a": {**BODY, **own}}, BODY)
    expert = _with(plan.experts[0], expert_architecture or architecture)
    return replace(plan, base=_with(plan.base, architecture), experts=(expert,))


def _with(model: object, architecture: str) -> object:
    names = ("name", "specs", "folder")
    config = {"architectures": [architecture], "model_type": "bert"} if architecture else {}
    return SimpleNamespace(**{name: getattr(model, name) for name in names}, config=config)


def test_the_class_is_the_one_for_the_architecture_of_the_base() -> None:
    assert 'AutoModelForCausalLM.from_pretrained("DIR")' in loading_example(configured("LlamaForCausalLM"))
    assert "import AutoModel\n" in loading_example(configured("BertModel"))


def test_a_head_that_was_not_merged_is_put_on_top_of_the_merged_weights() -> None:
    told = loading_example(configured("BertModel", "BertForSequenceClassification", head=True))
    assert "Tasks of the experts are scored" in told
    assert 'model = AutoModelForSequenceClassification.from_pretrained("EXPERT")' in told
    assert "own head" not in loading_example(configured("BertModel", "BertForSequenceClassification"))


def test_a_model_without_a_known_type_has_no_example() -> None:
    assert loading_example(configured("")) == ""
