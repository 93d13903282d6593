"""Mixtures whose experts one file stores stacked and the other one by one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file

from mergelab.checkpoints import Checkpoint, compare, in_memory

SIZES = {"vocab_size": 24, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2}
MIXTURES: dict[str, Any] = {
    "Mixtral": {"num_local_experts": 3},
    "Qwen2Moe": {"num_experts": 3, "moe_intermediate_size": 4, "shared_expert_intermediate_size": 4},
    "Qwen3Moe": {"num_experts": 3, "moe_intermediate_size": 4},
}


@pytest.fixture(params=MIXTURES)
def forms(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Checkpoint, Checkpoint]:
    """One model as transformers stores it, in parts, and as it has it in memory, with stacked experts."""
    config = getattr(transformers, f"{request.param}Config")(**SIZES, **MIXTURES[request.param])
    model = getattr(transformers, f"{request.param}ForCausalLM")(config)
    model.save_pretrained(tmp_path)
    settings = json.loads((tmp_path / "config.json").read_text())
    stored = load_file(tmp_path / "model.safetensors")
    return in_memory("parts", stored, settings), in_memory("whole", dict(model.state_dict()), settings)


@pytest.mark.parametrize("base", ["parts", "whole"])
def test_both_forms_hold_the_same_tensors(forms: tuple[Checkpoint, Checkpoint], base: str) -> None:
    first, second = forms if base == "parts" else forms[::-1]
    assert first.specs.keys() != second.specs.keys()
    found = compare(first, [second])
    assert found.problems == () and set(found.mergeable) == set(first.specs)
    (expert,), (keys,) = found.experts, found.expert_keys
    assert all(torch.equal(expert.read(keys[key]), first.read(key)) for key in first.specs)
    assert not any("lacks" in note for note in found.notes)
