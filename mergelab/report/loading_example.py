"""How a merged folder is loaded: the section of the model card with the class of transformers that fits."""

from __future__ import annotations

from mergelab.checkpoints import Checkpoint
from mergelab.checkpoints.alignment.key_alignment import is_head, wrapper
from mergelab.engine import Plan

CLASSES = {
    "ForCausalLM": "AutoModelForCausalLM",
    "ForConditionalGeneration": "AutoModelForSeq2SeqLM",
    "ForSequenceClassification": "AutoModelForSequenceClassification",
    "ForTokenClassification": "AutoModelForTokenClassification",
    "ForQuestionAnswering": "AutoModelForQuestionAnswering",
    "ForImageClassification": "AutoModelForImageClassification",
    "ForMaskedLM": "AutoModelForMaskedLM",
}
"""The end of an architecture's name -> the class that loads it."""
OWN_HEADS = ("Classification", "QuestionAnswering")
"""Ends of the classes whose tasks are answered by each expert's own head."""
PLAIN = "AutoModel"
EXAMPLE = """
To load it:

```python
from transformers import {name}

model = {name}.from_pretrained("DIR")
```
"""
HEADS = """
Tasks of {experts} are scored with these weights below the own head of each, which was not merged. To put one on top:

```python
from transformers import AutoModel, {name}

model = {name}.from_pretrained("EXPERT")  # its folder: the head stays
model.base_model.load_state_dict(AutoModel.from_pretrained("DIR").state_dict(), strict=False)
```
"""


def loading_example(plan: Plan) -> str:
    """The example in Markdown; empty text for a model that transformers does not know by its config.

    Where experts have heads that were not merged, a second example puts the merged weights below one of them.
    """
    if not plan.base.config.get("model_type"):
        return ""
    keys = set(plan.keys)
    apart = [
        expert
        for expert, own in zip(plan.experts, plan.expert_keys, strict=True)
        if _class_of(expert).endswith(OWN_HEADS) and _heads(expert) - {own[key] for key in keys if key in own}
    ]
    told = EXAMPLE.format(name=_class_of(plan.base))
    return told + HEADS.format(experts=_listed(plan, apart), name=_class_of(apart[0])) if apart else told


def _class_of(model: Checkpoint) -> str:
    named = [str(each) for each in model.config.get("architectures") or ()]
    return next((found for each in named for end, found in CLASSES.items() if each.endswith(end)), PLAIN)


def _heads(model: Checkpoint) -> set[str]:
    prefix = wrapper(model.specs, model.config.get("model_type"))
    return {key for key in model.specs if is_head(key, prefix)}


def _listed(plan: Plan, apart: list[Checkpoint]) -> str:
    return "the experts" if len(apart) == len(plan.experts) else ", ".join(expert.name for expert in apart)
