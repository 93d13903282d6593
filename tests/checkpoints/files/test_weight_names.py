from __future__ import annotations

from dataclasses import replace

import torch

from mergelab.checkpoints import in_memory
from mergelab.checkpoints.files.weight_names import DIFFUSERS, PLAIN, TRANSFORMERS, weight_names_of


def test_names_are_those_of_the_libraries() -> None:
    assert (TRANSFORMERS.whole, TRANSFORMERS.index) == ("model.safetensors", "model.safetensors.index.json")
    assert DIFFUSERS.shard(1, 2) == "diffusion_pytorch_model-00001-of-00002.safetensors"


def test_a_variant_stands_before_the_ending() -> None:
    names = replace(DIFFUSERS, variant="fp16")
    assert names.whole == "diffusion_pytorch_model.fp16.safetensors"
    assert names.index == "diffusion_pytorch_model.safetensors.index.fp16.json"
    assert names.shard(2, 2) == "diffusion_pytorch_model.fp16-00002-of-00002.safetensors"


def test_a_state_dict_is_written_under_the_names_of_transformers() -> None:
    assert weight_names_of(in_memory("m", {"w": torch.ones(1)})) == PLAIN
