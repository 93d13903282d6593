from __future__ import annotations

from pathlib import Path

import pytest
import torch
from architectures.tiny_zoo import ZOO

from mergelab.checkpoints import Checkpoint, CheckpointError, in_memory, open_folder
from mergelab.checkpoints.files.silence import silence
from mergelab.checkpoints.lora.module_types import ModulePlace, module_tree, places


def saved(name: str, folder: Path) -> Checkpoint:
    import transformers

    with silence():
        ZOO[name].build(transformers).save_pretrained(folder)
    return open_folder(folder)


def test_every_tensor_of_a_plain_model_has_its_module(tmp_path: Path) -> None:
    base = saved("gpt2", tmp_path)
    found = places(base)
    assert found.keys() == base.specs.keys()
    attention = ModulePlace("transformer.h.0.attn.c_attn", "Conv1D", "weight")
    assert found["transformer.h.0.attn.c_attn.weight"] == attention
    assert attention.parameter == "transformer.h.0.attn.c_attn.weight"
    assert found["transformer.wte.weight"].kind == "Embedding"
    assert found["transformer.ln_f.bias"] == ModulePlace("transformer.ln_f", "LayerNorm", "bias")


def test_renamed_tensors_are_found_and_stacked_ones_left_out(tmp_path: Path) -> None:
    found = places(saved("dinov2", tmp_path / "dinov2"))
    (place,) = [place for key, place in found.items() if key.endswith("layer.0.attention.attention.query.weight")]
    assert (place.module.rpartition(".")[2], place.kind) == ("q_proj", "Linear")
    assert found["embeddings.patch_embeddings.projection.weight"].kind == "Conv"

    mixture = saved("qwen3_moe", tmp_path / "moe")
    absent = mixture.specs.keys() - places(mixture).keys()
    assert absent and all(".experts." in key for key in absent)


def test_a_skeleton_takes_no_memory_and_an_unknown_model_is_refused(tmp_path: Path) -> None:
    model = module_tree(in_memory("huge", {"w": torch.ones(1)}, {"model_type": "llama", "hidden_size": 8192}))
    assert all(parameter.is_meta for parameter in model.parameters())
    with pytest.raises(CheckpointError, match="which this version of transformers does not know"):
        module_tree(in_memory("m", {}, {"model_type": "brrt"}))
    with pytest.raises(CheckpointError, match="has no model_type in its config"):
        module_tree(in_memory("m", {}))
