from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from mergelab.checkpoints import CheckpointError, open_checkpoint


def written(path: Path, *keys: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: torch.ones(2) for key in keys}, path)
    return path


def test_a_file_is_a_model_without_config_and_folder(tmp_path: Path) -> None:
    found = open_checkpoint(str(written(tmp_path / "my model (1).safetensors", "w")))
    assert (dict(found.config), found.folder, found.read("w").tolist()) == ({}, None, [1.0, 1.0])
    assert "has no config.json: architectures cannot be compared" in found.remarks[0]


def test_a_config_beside_the_file_is_said_not_to_be_read(tmp_path: Path) -> None:
    file = written(tmp_path / "model.safetensors", "w")
    (tmp_path / "config.json").write_text("{}")
    assert "is named without its folder, so its config.json is not read" in open_checkpoint(str(file)).remarks[0]


def test_a_file_is_found_in_the_models_folder_and_not_outside_it(tmp_path: Path) -> None:
    inside, outside = (
        written(tmp_path / "models" / "sub" / "a.safetensors", "w"),
        written(tmp_path / "b.safetensors", "w"),
    )
    models = tmp_path / "models"
    assert open_checkpoint("sub/a.safetensors", models_dir=models).name == "sub/a.safetensors"
    assert open_checkpoint(str(inside), models_dir=models).specs
    (models / "link.safetensors").symlink_to(outside)
    for ref in (str(outside), "../b.safetensors", "link.safetensors"):
        with pytest.raises(CheckpointError, match="outside the models folder"):
            open_checkpoint(ref, models_dir=models)


@pytest.mark.parametrize(
    "keys",
    [
        ("lora_unet_down_blocks_0.lora_down.weight", "lora_unet_down_blocks_0.alpha"),
        ("lora_te1_text_model.lora_up.weight",),
        ("unet.down_blocks.0.to_q.lora_A.weight", "unet.down_blocks.0.to_q.lora_B.weight"),
        ("transformer.blocks.0.to_q.lora.up.weight", "transformer.blocks.0.to_q.lora.down.weight"),
        ("lora_unet_mid.hada_w1_a", "lora_unet_mid.hada_w1_b"),
        ("lora_unet_mid.lokr_w1", "lora_unet_mid.lokr_w2"),
    ],
)
def test_a_lora_is_named_with_what_to_do(tmp_path: Path, keys: tuple[str, ...]) -> None:
    with pytest.raises(CheckpointError, match=r"is a LoRA of a diffusion model, .*fuse_lora"):
        open_checkpoint(str(written(tmp_path / "style.safetensors", *keys)))


def test_a_folder_with_a_lora_of_diffusers_is_named_as_one(tmp_path: Path) -> None:
    written(tmp_path / "lora" / "pytorch_lora_weights.safetensors", "unet.q.lora_A.weight")
    with pytest.raises(CheckpointError, match=r"pytorch_lora_weights.safetensors\) is a LoRA of a diffusion model"):
        open_checkpoint(str(tmp_path / "lora"))


@pytest.mark.parametrize("keys", [("emb_params",), ("clip_l", "clip_g"), ("<cat-toy>",)])
def test_a_textual_inversion_is_named_as_one(tmp_path: Path, keys: tuple[str, ...]) -> None:
    with pytest.raises(CheckpointError, match=r"is a textual inversion.*load_textual_inversion"):
        open_checkpoint(str(written(tmp_path / "style.safetensors", *keys)))


@pytest.mark.parametrize("name", ["v1-5.ckpt", "model.pt"])
def test_a_pickle_is_not_opened_and_its_conversion_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"pickle")
    with pytest.raises(CheckpointError, match=rf"is a pickle, .*mergelab convert {tmp_path / name} --out DIR"):
        open_checkpoint(str(tmp_path / name))


def test_other_files_and_single_shards_are_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(CheckpointError, match=r"is not a \.safetensors or \.gguf file"):
        open_checkpoint(str(tmp_path / "notes.txt"))
    with pytest.raises(CheckpointError, match=f"one of several shards of a model; name its folder, {tmp_path}"):
        open_checkpoint(str(written(tmp_path / "model-00001-of-00002.safetensors", "w")))
