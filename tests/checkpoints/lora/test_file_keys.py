from __future__ import annotations

from pathlib import Path

import pytest
import torch
from architectures.tiny_zoo import SHAPE, ZOO
from checkpoints.adapters import factors, write_adapter
from safetensors.torch import load_file, save_file

from mergelab.checkpoints import CheckpointError, in_memory, open_folder
from mergelab.checkpoints.files.silence import silence
from mergelab.checkpoints.lora.adapter import open_adapter
from mergelab.checkpoints.lora.file_keys import FileKeys


def test_names_are_found_with_or_without_a_first_component() -> None:
    base = in_memory("base", {"bert.q.weight": torch.zeros(1), "classifier.weight": torch.zeros(1)})
    found = FileKeys(base).of(["q.weight", "classifier.weight", "other.weight"], ["q.weight"])
    assert found == {"q.weight": "bert.q.weight", "classifier.weight": "classifier.weight"}


def test_transformers_is_asked_only_for_names_that_are_needed() -> None:
    base = in_memory("base", {"q.weight": torch.zeros(1)}, {"model_type": "brrt"})
    assert FileKeys(base).of(["q.weight", "other.weight"], ["q.weight"]) == {"q.weight": "q.weight"}
    with pytest.raises(CheckpointError, match="does not know"):
        FileKeys(base).of(["other.weight"], ["other.weight"])


def test_names_in_memory_are_those_of_the_file(tmp_path: Path) -> None:
    import transformers

    with silence():
        ZOO["vit"].build(transformers).save_pretrained(tmp_path)
    name = "vit.layers.1.attention.q_proj.weight"
    found = FileKeys(open_folder(tmp_path)).of([name], [name])
    assert found == {name: "vit.encoder.layer.1.attention.attention.query.weight"}


def test_multimodal_names_of_other_versions_are_found(tmp_path: Path) -> None:
    """model.language_model… was language_model.model… in earlier versions, in adapters and in the base's files alike."""
    import transformers

    text = {**SHAPE, "model_type": "llama", "num_key_value_heads": 1}
    vision = {"model_type": "clip_vision_model", "hidden_size": 16, "intermediate_size": 24, "image_size": 8}
    vision |= {"num_hidden_layers": 1, "num_attention_heads": 2, "patch_size": 4, "projection_dim": 8}
    torch.manual_seed(0)
    model = transformers.LlavaForConditionalGeneration(
        transformers.LlavaConfig(text_config=text, vision_config=vision, image_token_index=29)
    )
    with silence():
        model.save_pretrained(tmp_path / "old")
    state = load_file(tmp_path / "old" / "model.safetensors")
    now = {key: value.clone() for key, value in model.state_dict().items()}
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "config.json").write_text((tmp_path / "old" / "config.json").read_text())
    save_file(now, tmp_path / "new" / "model.safetensors", {"format": "pt"})
    layer = "layers.1.self_attn.q_proj"
    tensors = factors(layer, 16, 16)
    for files in ("old", "new"):
        base = open_folder(tmp_path / files)
        (key,) = [key for key in base.specs if key.endswith(f"{layer}.weight") and "vision" not in key]
        for prefix in ("language_model.model.", "model.language_model."):
            folder = tmp_path / f"{files} {prefix}"
            write_adapter(folder, {prefix + name: value for name, value in tensors.items()})
            assert bool(open_adapter(folder, base).read_delta(key, base).all())
    assert state.keys() != now.keys()
